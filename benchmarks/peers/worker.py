"""One peer in a process of its own: a request a line on standard input, an answer a line.

    python -m peers.worker NAME < requests

Whatever libraries print goes to standard error, so that answers stay whole.
"""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import json
import os
import signal
import sys
import time
from typing import Any

import numpy as np


def main(name: str) -> None:
    _die_with_parent()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    worker = Worker(name)
    for line in sys.stdin:
        request = json.loads(line)
        answer = getattr(worker, request.pop("do"))(**request)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


class Worker:
    """Answers requests by handing them to the peer."""

    def __init__(self, name: str) -> None:
        self.name = name

    def prepare(self, images: str, batch_size: int, precision: str, seed: int, backend: str) -> Any:
        """Build the peer and let it take its first step, each timed.

        images: a `.npy` file.
        """
        from peers.interface import Job, Refused
        from peers.nets import draw_weights
        from peers.registry import PEERS

        entry = PEERS[self.name]
        missing = [n for n in (*entry.needs, *_of_backend(entry.needs, backend)) if not _has(n)]
        if missing:
            return {"refused": f"The peer {self.name} needs {missing[0]}, which is not installed."}
        job = Job(np.load(images), batch_size, precision, draw_weights(seed), backend)
        began = time.perf_counter()
        try:
            self.peer = importlib.import_module(f"peers.{entry.module}").Peer(job)
        except Refused as reason:
            return {"refused": str(reason)}
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


def _die_with_parent() -> None:
    """On Linux: a process that stands still would never see that nobody asks any more."""
    if sys.platform == "linux":
        set_death_signal = 1
        ctypes.CDLL(None).prctl(set_death_signal, signal.SIGKILL)


def _of_backend(needs: tuple[str, ...], backend: str) -> tuple[str, ...]:
    return (backend,) if "keras" in needs else ()


def _has(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


if __name__ == "__main__":
    main(sys.argv[1])
