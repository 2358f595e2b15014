"""Killing this process at one chosen call to the file system."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import vaekit.atomic

_EVENTS = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.scandir", "os.listdir")


def kill_at(number: int, folder: Path) -> Callable[[], int]:
    """Kill this process with SIGKILL at the `number`-th call from now on that touches `folder`.

    Files are written in two halves with a call between them, as a system may write them. Gives a
    function that tells how many calls there were.
    """
    calls = 0

    def count() -> None:
        nonlocal calls
        calls += 1
        if calls == number:
            os.kill(os.getpid(), signal.SIGKILL)

    def look(event: str, given: tuple[object, ...]) -> None:
        if event in _EVENTS and str(folder) in str(given[0]):
            count()

    def fsync(descriptor: int) -> None:
        count()
        real_fsync(descriptor)

    def write(path: Path, content: bytes) -> None:
        with open(path, "wb") as file:
            file.write(content[: len(content) // 2])
            file.flush()
            count()
            file.write(content[len(content) // 2 :])

    real_fsync, os.fsync = os.fsync, fsync
    vaekit.atomic._write = write
    sys.addaudithook(look)
    return lambda: calls
