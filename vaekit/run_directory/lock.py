"""One process at a time writes into a run directory."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from vaekit.errors import RunError, from_os_error


class Lock:
    """A lock on a folder itself: it leaves no file, and ends with the process that holds it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take it; False if it is held here already, or the file system has no locks.

        Raises `RunError` at once if another process holds it.
        """
        if self._descriptor is not None:
            return False
        try:
            descriptor = os.open(self._folder, os.O_RDONLY)
        except OSError as error:
            raise from_os_error(error, self._folder) or error from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            if not isinstance(error, BlockingIOError):
                return False  # a file system without locks
            raise RunError(
                f"Another process is writing into {self._folder}. Wait for it to end, or choose "
                "another run."
            ) from None
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Give it back, if it is held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
