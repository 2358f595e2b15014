"""Standard output and error that never fail in the middle of a command's work.

Printing is not the work: a reader that went away, as `head` does, ends no training. A disk that is
full is told when the command is over.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

_NAMES = ("stdout", "stderr")


class _Unfailing(io.FileIO):
    """A file descriptor that takes whatever is written, and keeps the first failure.

    After one, nothing more is written: a text with a hole would read as if it were whole.
    """

    failure: OSError | None = None

    def write(self, data: object, /) -> int:
        """Take all of `data`, which may be lost."""
        view = memoryview(data)  # type: ignore[arg-type]  # FileIO takes any buffer
        if self.failure is None:
            try:
                written = super().write(view)
            except OSError as error:
                self.failure = error
            else:
                return view.nbytes if written is None else written
        return view.nbytes


@contextmanager
def unfailing_streams() -> Iterator[None]:
    """While entered, `sys.stdout` and `sys.stderr` raise nothing where they are files or pipes.

    Afterwards, output that was lost for another reason than that nobody reads it is told on
    standard error, and the process ends with code 1 unless it ends with another one already.
    """
    plain = {name: getattr(sys, name) for name in _NAMES}
    raws: dict[str, _Unfailing] = {}
    for name, stream in plain.items():
        descriptor = _descriptor(stream)
        if descriptor is not None:
            raws[name] = _Unfailing(descriptor, "wb", closefd=False)
            setattr(sys, name, _text(raws[name], stream))
    ended: SystemExit | None = None
    try:
        yield
    except SystemExit as error:
        ended = error
    finally:
        for name in raws:
            getattr(sys, name).flush()
        for name in raws:
            setattr(sys, name, plain[name])
    lost = [
        (name, raw.failure)
        for name, raw in raws.items()
        if raw.failure is not None and raw.failure.errno != errno.EPIPE
    ]
    for name, failure in lost:
        _tell(name, failure)
    if lost and (ended is None or not ended.code):
        raise SystemExit(1)
    if ended is not None:
        raise ended


def _descriptor(stream: TextIO | None) -> int | None:
    """The file descriptor that a stream writes to; None for one in memory, or that is closed."""
    if stream is None:
        return None
    try:
        stream.flush()
        return stream.fileno()
    except (OSError, ValueError):
        return None


def _text(raw: _Unfailing, like: TextIO) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=like.encoding,
        errors=like.errors,
        line_buffering=like.isatty() or like is sys.__stderr__,
    )


def _tell(name: str, failure: OSError) -> None:
    text = (
        f"vaekit: standard {'output' if name == 'stdout' else 'error'} can't be written: "
        f"{failure.strerror}. What the command does is done; what it said is lost.\n"
    )
    with suppress(OSError):  # the exit code is then all that is left to tell it by
        os.write(2, text.encode())
