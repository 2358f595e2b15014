"""Standard output and error that can't end the work: a reader that left, a device that is full."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO


class Output:
    """A stream that is silent from its first failed write on.

    error: why it is; None while it isn't.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.error: OSError | None = None

    def write(self, text: str) -> int:
        """Write it, if it still can be."""
        self._attempt(self._stream.write, text)
        return len(text)

    def flush(self) -> None:
        """Pass on what was written."""
        self._attempt(self._stream.flush)

    def _attempt(self, function: Any, *arguments: Any) -> None:
        if self.error is None:
            try:
                function(*arguments)
            except OSError as error:
                self.error = error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def safe_outputs() -> Iterator[dict[str, Output]]:
    """While entered, standard output and error are such streams; by their names."""
    plain = {"standard output": sys.stdout, "standard error": sys.stderr}
    safe = {name: Output(stream) for name, stream in plain.items()}
    sys.stdout, sys.stderr = safe.values()
    try:
        yield safe
    finally:
        for output in safe.values():
            output.flush()
            if output.error is not None:
                _discard(output)
        sys.stdout, sys.stderr = plain.values()


def failure_of(outputs: dict[str, Output]) -> str | None:
    """What went wrong with one of them, as a sentence; a reader that left is no failure."""
    for name, output in outputs.items():
        if output.error is not None and output.error.errno != errno.EPIPE:
            return f"{name} can't be written: {output.error.strerror}. What was to be said is lost."
    return None


def _discard(output: Output) -> None:
    """Let what is still to be flushed go nowhere: Python would fail on it as it ends."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, output.fileno())
        os.close(nowhere)
