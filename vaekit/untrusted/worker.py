"""The child processes that parse HDF5: started when needed, used again, replaced when they die."""

from __future__ import annotations

import atexit
import json
import os
import signal
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

_HEAD = struct.Struct("!cQ")
_LONGEST_MESSAGE = 64 * 2**20
# Only the paths that this process imports from: `-I` and `-S` keep the user's start-up files out.
_BOOT = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[1]); "
    "from vaekit.untrusted.hdf5_child import main; main()"
)
_DEADLINES = (signal.SIGPROF, signal.SIGALRM, signal.SIGXCPU)


class DiedError(Exception):
    """The child died; the text ends a sentence that names the file."""


class Worker:
    """One child process and the two pipes to it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _BOOT, json.dumps(_paths())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
        )

    def ask(self, **request: Any) -> dict[str, Any]:
        """Send a request that is answered by one message, and give that.

        Raises `DiedError`.
        """
        self._send(request)
        return self._message()

    def fill(self, buffer: memoryview, **request: Any) -> dict[str, Any]:
        """Send a request for bytes, put them into `buffer` and give the last message.

        An answer that isn't `{"done": true}` says why the buffer is not filled.
        Raises `DiedError`.
        """
        self._send(request)
        at = 0
        while True:
            kind, size = self._head()
            if kind == b"J":
                message = self._json(size)
                if "done" in message and at != len(buffer):
                    raise self._broken()
                return message
            if size > len(buffer) - at:
                raise self._broken()
            self._fill(buffer[at : at + size])
            at += size

    def answers(self) -> bool:
        """Whether the process, which has no file open, is well; a signal under way comes first."""
        try:
            return not self.ask(op="close")["broken"]
        except DiedError:
            return False

    def stop(self) -> None:
        """End the process, whatever it is at."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except OSError:  # what was buffered for a process that is dead
                continue
        self._process.wait()

    def _send(self, request: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            raise self._broken() from None

    def _message(self) -> dict[str, Any]:
        kind, size = self._head()
        if kind != b"J":
            raise self._broken()
        return self._json(size)

    def _head(self) -> tuple[bytes, int]:
        head = bytearray(_HEAD.size)
        self._fill(memoryview(head))
        kind, size = _HEAD.unpack(head)
        if kind == b"J" and size > _LONGEST_MESSAGE:
            raise self._broken()
        return kind, size

    def _json(self, size: int) -> dict[str, Any]:
        text = bytearray(size)
        self._fill(memoryview(text))
        message: dict[str, Any] = json.loads(text)
        return message

    def _fill(self, buffer: memoryview) -> None:
        assert self._process.stdout is not None
        at = 0
        while at < len(buffer):
            count = self._process.stdout.readinto(buffer[at:])  # type: ignore[attr-defined]
            if not count:
                raise self._broken()
            at += count

    def _broken(self) -> DiedError:
        """Why there is no answer: the process died, or said what it never says."""
        try:
            code = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            code = 0
        self.stop()
        if -code in _DEADLINES:
            return DiedError("takes longer to read than vaekit allows for its size")
        if code < 0:
            return DiedError(f"crashes the HDF5 library ({signal.Signals(-code).name})")
        return DiedError("can't be read: the process that parses HDF5 ended")


_idle: list[Worker] = []


def borrow() -> Worker:
    """A worker that nobody else uses; to be given back, or stopped."""
    while _idle:
        worker = _idle.pop()
        if worker.answers():
            return worker
        worker.stop()
    return Worker()


def give_back(worker: Worker) -> None:
    """Keep a healthy worker for the next file: to start one takes a third of a second."""
    _idle.append(worker)


def _stop_all() -> None:
    while _idle:
        _idle.pop().stop()


atexit.register(_stop_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_idle.clear)  # they are the parent's


def _paths() -> list[str]:
    """Where to import from: as here, without the folder that the user happens to stand in."""
    home = str(Path(__file__).resolve().parents[2])
    return [*dict.fromkeys([*(p for p in sys.path if os.path.isabs(p)), home])]


def _environment() -> dict[str, str]:
    """This process's own, without plugins of HDF5 and with one thread for NumPy's libraries."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HDF5_")}
    return kept | {
        "HDF5_PLUGIN_PRELOAD": "::",  # HDF5's word for: load none
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
