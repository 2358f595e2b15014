"""Peers as processes that take turns: while one works, the other is stopped.

A stopped process can't spin, whatever its threads do while they wait.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from peers.interface import Refused

HERE = Path(__file__).parent.parent


class Failed(Exception):
    """A peer's process ended; the text is the end of what it said."""


class Process:
    """A peer's process. It runs only while it is asked something."""

    def __init__(self, name: str, **job: Any) -> None:
        self.name = name
        self._said = tempfile.TemporaryFile()  # noqa: SIM115, closed with the process
        self._process = subprocess.Popen(
            [sys.executable, "-m", "peers.worker", name],
            env=_environment(job["backend"]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
        )
        self._stopped = False
        try:
            self.prepared = self.ask("prepare", **job)
            if "refused" in self.prepared:
                raise Refused(self.prepared["refused"])
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def ask(self, what: str, **arguments: Any) -> Any:
        """Let it go on, ask, wait for the answer and stop it again. Raises `Failed`."""
        if self._stopped:
            self._process.send_signal(signal.SIGCONT)
        try:
            self._process.stdin.write(json.dumps({"do": what, **arguments}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise Failed(self._end())
        self._process.send_signal(signal.SIGSTOP)
        os.waitpid(self.pid, os.WUNTRACED)  # until it stands still
        self._stopped = True
        return json.loads(line)

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

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()
        self._said.close()

    def _end(self) -> str:
        self._process.wait()
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        return f"The peer {self.name} failed: {lines[-1] if lines else 'it said nothing'}"


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
