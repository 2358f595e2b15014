"""What a person sees of a run: a bar on a terminal, plain lines elsewhere, or nothing."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any


class Progress:
    """Told by the trainer what happens; says nothing.

    shown: whether anybody is to see anything.
    """

    shown = False

    def start(self, epochs: int, images: int) -> None:
        """Training begins: so many epochs over so many images."""

    def note(self, text: str) -> None:
        """One sentence for the user."""

    def advance(self, epoch: int, done: int, rate: float, terms: Mapping[str, float]) -> None:
        """`done` images of an epoch (from 0) are through, at `rate` images/s."""

    def epoch_end(self, epoch: int, row: Mapping[str, Any]) -> None:
        """An epoch is over; `row` is its line in the history."""

    def close(self) -> None:
        """Nothing more will come."""


class _Unfailing:
    """Standard output for what is said beside the work, which goes on where nobody can read it."""

    def __init__(self) -> None:
        self._stream: Any = sys.stdout

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write it, or lose it."""
        with suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Write what is held back, or lose it."""
        with suppress(OSError, ValueError):
            self._stream.flush()


class Lines(Progress):
    """A line an epoch, for logs and pipes."""

    shown = True

    def __init__(self) -> None:
        self._out: Any = _Unfailing()

    def start(self, epochs: int, images: int) -> None:
        """Remember how many epochs there will be."""
        self._epochs = epochs

    def note(self, text: str) -> None:
        """Print it."""
        print(text, file=self._out, flush=True)

    def epoch_end(self, epoch: int, row: Mapping[str, Any]) -> None:
        """Print the epoch's terms, training and validation."""
        self.note(_epoch_line(epoch, self._epochs, row))


class Bar(Lines):
    """A bar an epoch with images/s, loss terms and time left, for terminals."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        super().__init__()
        self._console = Console(file=self._out)
        self._rich = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[terms]}"),
            console=self._console,
            transient=True,
        )

    def start(self, epochs: int, images: int) -> None:
        """Show the bar: all epochs together, so that the time left is the run's."""
        super().start(epochs, images)
        self._images = images
        self._task = self._rich.add_task(
            f"epoch 1/{epochs}", total=epochs * images, speed="", terms=""
        )
        self._rich.start()

    def note(self, text: str) -> None:
        """Print it above the bar."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def advance(self, epoch: int, done: int, rate: float, terms: Mapping[str, float]) -> None:
        """Move the bar."""
        self._rich.update(
            self._task,
            completed=epoch * self._images + done,
            description=f"epoch {epoch + 1}/{self._epochs}",
            speed=f"{rate:,.0f} images/s",
            terms=" ".join(f"{name} {value:.2f}" for name, value in terms.items()),
        )

    def close(self) -> None:
        """Take the bar away."""
        self._rich.stop()


def default_progress() -> Progress:
    """A bar on a terminal, lines elsewhere."""
    return Bar() if sys.stdout is not None and sys.stdout.isatty() else Lines()


# What a line an epoch leaves to history.csv.
_NOT_SHOWN = ("kl_dim", "val_", "epoch", "seconds", "images_per_s", "mse", "psnr")


def _epoch_line(epoch: int, epochs: int, row: Mapping[str, Any]) -> str:
    terms_shown = {name: value for name, value in row.items() if not name.startswith(_NOT_SHOWN)}
    terms = " ".join(
        f"{name} {_short(value)} (val {_short(row[f'val_{name}'])})"
        if f"val_{name}" in row
        else f"{name} {_short(value)}"
        for name, value in terms_shown.items()
    )
    speed = f"{row['images_per_s']:,.0f} images/s"
    return f"epoch {epoch + 1}/{epochs}  {row['seconds']:.1f} s  {speed}  {terms}"


def _short(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.2f}"
