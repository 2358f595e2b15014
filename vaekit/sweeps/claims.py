"""Which process trains which trial: a lock each, which ends with the process that holds it."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from vaekit.errors import RunError, from_os_error

_FOLDER = ".claims"  # hidden, so that it isn't looked through for runs


class Claims:
    """The claims in the folder of a sweep; those of this object are let go by it or by its end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: dict[int, int] = {}

    @contextmanager
    def alone(self) -> Iterator[None]:
        """While entered, no other process is within: each waits for its turn.

        Raises `RunError` where the file system has no locks.
        """
        try:
            descriptor = os.open(self._folder, os.O_RDONLY)
        except OSError as error:
            raise from_os_error(error, self._folder) or error from error
        try:
            self._lock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def take(self, number: int) -> bool:
        """Take the claim of a trial; False if another process, or another object, has it."""
        path = self._path(number)
        try:
            path.parent.mkdir(exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise from_os_error(error, path) or error from error
        try:
            self._lock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        except BaseException:
            os.close(descriptor)
            raise
        self._held[number] = descriptor
        return True

    def let_go(self, number: int) -> None:
        """Give a claim back, if it is held. Only while `alone`: it takes the file away, too."""
        descriptor = self._held.pop(number, None)
        if descriptor is not None:
            path = self._path(number)
            path.unlink(missing_ok=True)
            os.close(descriptor)
            with suppress(OSError):  # others hold claims
                path.parent.rmdir()

    def remove(self) -> None:
        """Take the claims of all away. Only while `alone`, and where nobody has one."""
        shutil.rmtree(self._folder / _FOLDER, ignore_errors=True)

    def _path(self, number: int) -> Path:
        return self._folder / _FOLDER / str(number)

    def _lock(self, descriptor: int, how: int) -> None:
        try:
            fcntl.flock(descriptor, how)
        except BlockingIOError:
            raise
        except OSError as error:
            raise RunError(
                f"{self._folder} is on a file system without locks, by which a sweep's processes "
                f"share its trials ({error.strerror}). Choose a folder on another one."
            ) from error
