"""How far the reading of a large folder has come, on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_PATIENCE = 0.5  # seconds before a bar comes up, and between two looks of it
_PAUSE = 10.0  # seconds between two lines where there is no terminal


class ReadingProgress:
    """Counts files that are read; says nothing.

    what: whose files. total: how many there are.
    """

    pause = float("inf")

    def __init__(self, what: str, total: int) -> None:
        self.what, self.total = what, total
        self.done = 0
        self._next = time.monotonic() + self.pause

    def advance(self) -> None:
        """One more file is read."""
        self.done += 1
        now = time.monotonic()
        if now >= self._next:
            self._next = now + self.pause
            self.show()

    def show(self) -> None:
        """Say how far it has come."""

    def close(self) -> None:
        """Nothing more will come."""


class _Lines(ReadingProgress):
    """A line every some seconds, for logs and pipes."""

    pause = _PAUSE

    def show(self) -> None:
        print(f"reading {self.what}: {self.done:,} of {self.total:,} files", file=sys.stderr)


class _Bar(ReadingProgress):
    """A bar with the time left, for terminals, gone when all is read."""

    pause = _PATIENCE
    _rich: Any = None

    def show(self) -> None:
        if self._rich is None:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as RichProgress

            self._rich = RichProgress(
                TextColumn("reading {task.description}", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                console=Console(file=sys.stderr),
                transient=True,
            )
            self._task = self._rich.add_task(self.what, total=self.total)
            self._rich.start()
        self._rich.update(self._task, completed=self.done)

    def close(self) -> None:
        if self._rich is not None:
            self._rich.stop()


@contextmanager
def reading_progress(what: str, total: int, shown: bool) -> Iterator[ReadingProgress]:
    """A bar on a terminal, lines elsewhere; nothing unless `shown`."""
    kind: type[ReadingProgress] = ReadingProgress
    if shown and sys.stderr is not None:
        kind = _Bar if sys.stderr.isatty() else _Lines
    progress = kind(what, total)
    try:
        yield progress
    finally:
        progress.close()
