"""How far long work that can be counted has come, on standard error, with the time left."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_PATIENCE = 0.5  # seconds before a bar comes up, and between two looks of it
_PAUSE = 10.0  # seconds between two lines where there is no terminal


class CountedProgress:
    """Counts what is done; says nothing.

    what: the work. total: how many there are to do. unit: of what, or nothing.
    """

    pause = float("inf")

    def __init__(self, what: str, total: int, unit: str = "") -> None:
        self.what, self.total, self.unit = what, total, unit
        self.done = 0
        self._began = time.monotonic()
        self._next = self._began + self.pause

    def advance(self, more: int = 1) -> None:
        """So many more are done."""
        self.done += more
        now = time.monotonic()
        if now >= self._next:
            self._next = now + self.pause
            self.show(now - self._began)

    def show(self, seconds: float) -> None:
        """Say how far it has come in so many seconds."""

    def close(self) -> None:
        """Nothing more will come."""


class _Lines(CountedProgress):
    """A line every some seconds, for logs and pipes."""

    pause = _PAUSE

    def show(self, seconds: float) -> None:
        left = duration_text(seconds / self.done * (self.total - self.done))
        of = " ".join(filter(None, [f"{self.done:,} of {self.total:,}", self.unit]))
        print(f"{self.what}: {of}, {left} left", file=sys.stderr)


class _Bar(CountedProgress):
    """A bar with the time left, for terminals, gone when all is done."""

    pause = _PATIENCE
    _rich: Any = None

    def show(self, seconds: float) -> None:
        if self._rich is None:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as RichProgress

            self._rich = RichProgress(
                TextColumn("{task.description}", markup=False),
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
def counted_progress(
    what: str, total: int, shown: bool, unit: str = ""
) -> Iterator[CountedProgress]:
    """A bar on a terminal, lines elsewhere; nothing unless `shown`."""
    kind: type[CountedProgress] = CountedProgress
    if shown and sys.stderr is not None:
        kind = _Bar if sys.stderr.isatty() else _Lines
    progress = kind(what, total, unit)
    try:
        yield progress
    finally:
        progress.close()


def duration_text(seconds: float) -> str:
    """A time for people, in its two largest units: `40 s`, `3 min`, `2 h 5 min`."""
    minutes = round(seconds / 60)
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
