"""What a person sees of a run: lines in logs, or nothing; what moves is in `bars`."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

# Without a bar, a long epoch shows that it goes on.
SECONDS_A_LINE = 30.0


class Progress:
    """Told by the trainer what happens; says nothing.

    shown: whether anybody is to see anything.
    """

    shown = False

    def start(self, epochs: int, images: int, *, may_stop: bool, terms: Sequence[str]) -> None:
        """Training begins: so many epochs over so many images.

        may_stop: whether there may be fewer. terms: what the loss is the sum of.
        """

    def note(self, text: str) -> None:
        """One sentence for the user."""

    def advance(self, epoch: int, done: int, rate: float, terms: Mapping[str, float]) -> None:
        """`done` images of an epoch (from 0) are through, at `rate` images/s."""

    def epoch_end(self, epoch: int, row: Mapping[str, Any]) -> None:
        """An epoch is over; `row` is its line in the history."""

    def close(self) -> None:
        """Nothing more will come."""


class Unfailing:
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
    """Two lines an epoch, and an indented one each half a minute within it, for logs and pipes."""

    shown = True

    def __init__(self) -> None:
        self._out: Any = Unfailing()

    def start(self, epochs: int, images: int, *, may_stop: bool, terms: Sequence[str]) -> None:
        """Remember what there will be."""
        self._epochs, self._images, self._may_stop = epochs, images, may_stop
        self._terms = terms
        self._spoke = time.monotonic()

    def note(self, text: str) -> None:
        """Print it."""
        print(text, file=self._out, flush=True)

    def advance(self, epoch: int, done: int, rate: float, terms: Mapping[str, float]) -> None:
        """Print how far the epoch is, if nothing was for a while."""
        if time.monotonic() - self._spoke >= SECONDS_A_LINE:
            self.note(f"  {self._label(epoch)}  {self._state(done, rate, terms)}")
            self._spoke = time.monotonic()

    def epoch_end(self, epoch: int, row: Mapping[str, Any]) -> None:
        """Print the loss and its terms, and below them all else that is reported."""
        first, second = _epoch_lines(row, self._terms)
        self.note(f"{self._label(epoch)}  {first}\n  {second}")
        self._spoke = time.monotonic()

    def _label(self, epoch: int) -> str:
        """Which epoch it is, from 0, of how many."""
        if self._may_stop:
            return f"epoch {epoch + 1} (at most {self._epochs})"
        return f"epoch {epoch + 1}/{self._epochs}"

    def _state(self, done: int, rate: float, terms: Mapping[str, float]) -> str:
        values = " ".join(f"{name} {short(value)}" for name, value in terms.items())
        return f"{done / self._images:4.0%}  {rate:,.0f} images/s  {values}"


def default_progress() -> Progress:
    """A bar in a notebook and on a terminal, lines elsewhere."""
    from vaekit.trainer.bars import Bar, in_notebook
    from vaekit.trainer.notebook_bar import NotebookBar

    if in_notebook():
        return NotebookBar()
    return Bar() if sys.stdout is not None and sys.stdout.isatty() else Lines()


# What an epoch's lines leave to history.csv.
_NOT_SHOWN = ("kl_dim", "val_", "epoch", "seconds", "images_per_s", "mse", "psnr")
_MOST_SHOWN = 6  # of what metrics measure
# Reported by the kit, whatever the loss's own terms are in.
NATS = ("elbo", "kl")


def _epoch_lines(row: Mapping[str, Any], terms: Sequence[str]) -> tuple[str, str]:
    """The loss and what it is the sum of; and all else that is reported, with the time it took."""
    total = " + ".join(f"{name} {short(row[name])}" for name in terms)
    others = [
        valued(row, name) + (" nats" if name in NATS else "")
        for name in row
        if name not in (*terms, "loss") and not name.startswith(_NOT_SHOWN)
    ]
    # What metrics measure, held-out images alone have.
    others += [
        f"{name} {short(value)}"
        for name, value in row.items()
        if name.startswith("val_")
        and (bare := name.removeprefix("val_")) not in row
        and not bare.startswith(_NOT_SHOWN)
    ][:_MOST_SHOWN]
    speed = f"{row['seconds']:.1f} s  {row['images_per_s']:,.0f} images/s"
    return f"{valued(row, 'loss')} = {total}", "  ".join([*others, speed])


def valued(row: Mapping[str, Any], name: str) -> str:
    """A number of the history by its name, and that of held-out images beside it."""
    held_out = f" (val {short(row[f'val_{name}'])})" if f"val_{name}" in row else ""
    return f"{name} {short(row[name])}{held_out}"


def short(value: float) -> str:
    """A number as people read it."""
    return str(value) if isinstance(value, int) else f"{value:.2f}"
