"""One peer in a process of its own: a request a line on standard input, an answer a line.

    python -m peers.worker NAME < requests

Whatever libraries print goes to standard error, so that answers stay whole. A peer that can't or
that breaks off is an answer as well: `refused` or `failed`, with the reason.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
import time
import traceback
from typing import Any

import numpy as np

from peers.interface import Job, Refused
from peers.nets import draw_weights
from peers.registry import PEERS
from peers.still import die_with_parent


def main(name: str) -> None:
    die_with_parent()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    worker = Worker(name)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(worker, request.pop("do"))(**request)
        except Refused as reason:
            answer = {"refused": str(reason)}
        except Exception as error:  # whatever a library raises
            traceback.print_exc()
            answer = {"failed": _reason(error)}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


class Worker:
    """Answers requests by handing them to the peer."""

    def __init__(self, name: str) -> None:
        self.name = name

    def check(self, precision: str, backend: str) -> Any:
        """Raise `Refused` if the peer can't be had here so."""
        self._kind(precision, backend)
        return {}

    def prepare(self, images: str, batch_size: int, precision: str, seed: int, backend: str) -> Any:
        """Build the peer and let it take its first step, each timed.

        images: a `.npy` file.
        """
        job = Job(np.load(images), batch_size, precision, draw_weights(seed), backend)
        began = time.perf_counter()
        self.peer = self._kind(precision, backend)(job)
        built = time.perf_counter()
        first = self.peer.steps(1)
        return {
            "parameters": list(self.peer.parameters),
            "prepare_seconds": built - began,
            "first_step_seconds": time.perf_counter() - built,
            "first_loss": first.loss,
        }

    def steps(self, count: int) -> Any:
        """Train."""
        return self.peer.steps(count)._asdict()

    def environment(self) -> Any:
        """What the kit says of machine and versions; of the kit's own worker only."""
        from vaekit.benchmark.device import device_model
        from vaekit.run import describe_environment

        return {**describe_environment(), "device_model": device_model()}

    def _kind(self, precision: str, backend: str) -> Any:
        """The peer's class, imported, once it was asked whether it can."""
        entry = PEERS[self.name]
        missing = [n for n in (*entry.needs, *_of_backend(entry.needs, backend)) if not _has(n)]
        if missing:
            raise Refused(f"The peer {self.name} needs {missing[0]}, which is not installed.")
        kind = importlib.import_module(f"peers.{entry.module}").Peer
        kind.check(precision, backend)
        return kind


def _reason(error: Exception) -> str:
    """The first line of what an error says: what comes after it is advice and stack traces."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def _of_backend(needs: tuple[str, ...], backend: str) -> tuple[str, ...]:
    return (backend,) if "keras" in needs else ()


def _has(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


if __name__ == "__main__":
    main(sys.argv[1])
