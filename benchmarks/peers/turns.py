"""Peers as processes that take turns: while one works, the other is stopped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from peers.interface import Refused
from peers.still import go_on, stand_still
from vaekit.errors import why_ended

HERE = Path(__file__).parent.parent


class Failed(Exception):
    """A peer broke off; `name` is the peer's, the text a sentence with the reason."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"The peer {name} failed: {reason}")
        self.name = name


class Worker:
    """A peer's process, which runs only while it is asked something."""

    def __init__(self, name: str, backend: str) -> None:
        self.name = name
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115, closed with the process
        self._process = subprocess.Popen(
            [sys.executable, "-m", "peers.worker", name],
            env=_environment(backend),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def ask(self, what: str, **arguments: Any) -> Any:
        """Let it go on, ask, wait for the answer and stop it again.

        Raises `Refused` if that is the answer, and `Failed` if the peer or its process broke off.
        """
        go_on(self._process)
        try:
            self._process.stdin.write(json.dumps({"do": what, **arguments}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise Failed(self.name, self._end())
        stand_still(self._process)
        answer = json.loads(line)
        if "refused" in answer:
            raise Refused(answer["refused"])
        if "failed" in answer:
            raise Failed(self.name, answer["failed"])
        return answer

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def _end(self) -> str:
        """Why it is no more; the memory's guard kills without a word."""
        code = self._process.wait()
        self._errors.seek(0)
        return why_ended(code, self._errors.read().decode(errors="replace"))


class Process(Worker):
    """A peer that is ready to train. Raises `Refused` or `Failed` if it can't be had."""

    def __init__(self, name: str, **job: Any) -> None:
        super().__init__(name, job["backend"])
        try:
            self.prepared = self.ask("prepare", **job)
        except BaseException:
            self.close()
            raise

    def rate(self, steps: int) -> float:
        """Steps a second, measured after a few that only warm the caches."""
        self.ask("steps", count=max(1, steps // 10))
        return steps / self.ask("steps", count=steps)["seconds"]

    def filling(self, seconds: float, most: int) -> int:
        """How many steps take about `seconds`, found by doing more and more; at most `most`."""
        steps = 1
        while True:
            took = self.ask("steps", count=steps)["seconds"]
            if took >= seconds / 4 or steps == most:
                return max(1, min(most, round(steps * seconds / took)))
            steps = min(2 * steps, most)


def refuse(name: str, *, precision: str, backend: str) -> None:
    """Raise `Refused` if this peer can't be had here so, which takes no training to know."""
    worker = Worker(name, backend)
    try:
        worker.ask("check", precision=precision, backend=backend)
    finally:
        worker.close()


def _environment(backend: str) -> dict[str, str]:
    path = [str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path),
        "KERAS_BACKEND": backend,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        # Two processes share a GPU: neither may take all of its memory at once.
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    }
