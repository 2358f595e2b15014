"""Writing a file whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from vaekit.errors import RunError, from_os_error


def write_whole(path: Path, write: Callable[[Path], None], *, room: int = 0) -> None:
    """Let `write` fill a temporary file beside `path`, flush it to the disk, and rename it.

    Whatever happens, `path` afterwards is what it was or the new file, never a part of one.
    The temporary name ends as `path` does, because Keras goes by a file's ending.

    room: bytes that must be free before `write` is called. HDF5 needs to know: it can't close a
        file that it had no room for, and the process crashes when Python cleans up.

    Raises `RunError` if there is no room, or no right to write there.
    """
    target = path.resolve()  # a link is followed, not replaced
    if target.exists() and not target.is_file():
        raise RunError(f"{path} is there already and is no file. Choose another name.")
    temporary = target.with_name(f".writing-{os.getpid()}-{target.name}")
    try:
        if room and hasattr(os, "posix_fallocate"):
            with temporary.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, room)
        write(temporary)
        descriptor = os.open(temporary, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, target)
    except BaseException as error:
        with contextlib.suppress(OSError):  # the first error is the one to tell
            temporary.unlink(missing_ok=True)
        mended = from_os_error(error, path)
        if mended is not None:
            raise mended from error
        raise


def write_text(path: Path, text: str) -> None:
    """`write_whole` for a text, in UTF-8."""
    write_whole(path, lambda temporary: _write(temporary, text))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
