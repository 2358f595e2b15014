"""A child process that trains for a moment when it is told to, and says how fast it was."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, NamedTuple

from vaekit.errors import why_ended

_MODULE = "vaekit.benchmark.turns"
_ANSWER = "vaekit-turn "
_LONGEST_ANSWER = 2**16  # bytes; libraries write to standard output, too


class RaceError(Exception):
    """There is no answer; the text says why, as half a sentence."""


class Turn(NamedTuple):
    """What one turn gave.

    rate: images a second. processor_rate: images a second of the processor's time.
    device: as `cpu:0`.
    """

    rate: float
    processor_rate: float
    device: str


class Racer:
    """One process, whose backend was started by these settings; a context manager.

    It ends with this process, however that ends: its standard input does.

    environment: variables that it has beside, or instead of, this process's.
    """

    def __init__(
        self, settings: Mapping[str, Any], environment: Mapping[str, str | None] = {}
    ) -> None:
        own = {**os.environ, "VAEKIT_DISABLE_PLUGINS": "1", **environment}
        if "onednn" in settings:
            own["TF_ENABLE_ONEDNN_OPTS"] = str(int(settings["onednn"]))
        # To a file: a pipe that nobody reads would fill up.
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, "-m", _MODULE, json.dumps(dict(settings))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={name: value for name, value in own.items() if value is not None},
            bufsize=0,
        )
        self._unread = b""

    def ask(self, kernels: str, xla: bool, batch_size: int, seconds: float) -> None:
        """Have it train for so long, or only get ready to where that is 0.

        Raises `RaceError` if it has ended.
        """
        request = {"kernels": kernels, "xla": xla, "batch_size": batch_size, "seconds": seconds}
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
        except OSError:
            raise self._ended() from None

    def answer(self, deadline: float) -> Turn:
        """What was asked for last; `deadline` is a time of `time.monotonic`.

        Raises `RaceError` where it ended, or took longer.
        """
        while True:
            line = self._line(deadline)
            if line.startswith(_ANSWER):
                values = json.loads(line.removeprefix(_ANSWER))
                if "failed" in values:
                    raise RaceError(str(values["failed"]))
                images = values["images"]
                if not images:
                    return Turn(0.0, 0.0, str(values["device"]))
                clock, processor = values["seconds"], values["processor_seconds"]
                return Turn(images / clock, images / processor, str(values["device"]))

    def _line(self, deadline: float) -> str:
        assert self._process.stdout is not None
        while b"\n" not in self._unread:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._process.stdout], [], [], left)[0]:
                raise RaceError("it took too long")
            piece = os.read(self._process.stdout.fileno(), 2**12)
            if not piece or len(self._unread) > _LONGEST_ANSWER:
                raise self._ended()
            self._unread += piece
        line, self._unread = self._unread.split(b"\n", 1)
        return line.decode(errors="replace")

    def _ended(self) -> RaceError:
        self._process.kill()
        code = self._process.wait()
        self._errors.seek(0)
        return RaceError(why_ended(code, self._errors.read()).removesuffix("."))

    def __enter__(self) -> Racer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            assert stream is not None
            stream.close()
