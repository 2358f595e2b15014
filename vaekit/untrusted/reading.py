"""What goes wrong while a file is read, told as an error of the kit's."""

from __future__ import annotations

import os
import stat
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path

from vaekit.errors import DataError, UserError, VaekitError


@contextmanager
def reading(
    path: str | PathLike[str], what: str, error: type[UserError] = DataError
) -> Iterator[None]:
    """Turn every failure inside into an `error` that names `path` and `what` it should be.

    Every exception is caught, because decoders raise whatever they please on malformed bytes
    (Pillow a SyntaxError, h5py a RuntimeError); the original stays attached as the cause.
    """
    try:
        yield
    except VaekitError:
        raise
    except MemoryError as failure:
        raise error(f"{path} does not fit into memory. Make it smaller.") from failure
    except Exception as failure:
        if isinstance(failure, OSError) and failure.strerror and failure.filename is not None:
            raise error(f"Can't read {failure.filename}: {failure.strerror}.") from failure
        reason = plain(str(failure)) or type(failure).__name__
        raise error(
            f"{path} can't be read as {what}: {reason}. Is it damaged, or of another format?"
        ) from failure


def plain(text: str) -> str:
    """A text from a file, or about one, fit for one line: short, printable, no stop at its end."""
    printable = "".join(c if c.isprintable() else " " for c in text)
    return textwrap.shorten(" ".join(printable.split()).rstrip("."), 200, placeholder="...")


def require_file(path: Path, error: type[UserError] = DataError) -> None:
    """Raise `error` unless `path` is a plain file: a pipe or a device may never end."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise error(f"There is no file {path}. Check the path.") from None
    except OSError as failure:
        raise error(f"Can't read {path}: {failure.strerror}.") from failure
    if not stat.S_ISREG(mode):
        raise error(f"{path} is no plain file. Give a file.")


def shown(path: str | PathLike[str]) -> str:
    """A path fit for one line: what can't be printed, or is no text at all, is escaped."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
