"""A bar for terminals, Rich's, and whether there is a notebook instead."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from vaekit.trainer.progress import Lines

# In columns: of the bar, and of a terminal that has room for terms beside the loss.
_BAR, _WIDE = 16, 120


class Bar(Lines):
    """A bar with images/s, time left and loss terms, for terminals."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        super().__init__()
        self._console = Console(file=self._out)
        self._rich = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(_BAR),
            TextColumn("{task.percentage:>3.0f}%"),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[terms]}"),
            console=self._console,
            transient=True,
        )

    def start(self, epochs: int, images: int, *, may_stop: bool, terms: Sequence[str]) -> None:
        """Show the bar: all epochs together, so that the time left is the run's."""
        super().start(epochs, images, may_stop=may_stop, terms=terms)
        self._task = self._rich.add_task(self._label(0), total=epochs * images, speed="", terms="")
        self._rich.start()

    def note(self, text: str) -> None:
        """Print it above the bar."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def advance(self, epoch: int, done: int, rate: float, terms: Mapping[str, float]) -> None:
        """Move the bar."""
        shown = list(terms.items())[: None if self._console.width >= _WIDE else 1]
        self._rich.update(
            self._task,
            completed=epoch * self._images + done,
            description=self._label(epoch),
            speed=f"{rate:,.0f} images/s",
            terms=" ".join(f"{name} {value:.2f}" for name, value in shown),
        )

    def close(self) -> None:
        """Take the bar away."""
        self._rich.stop()


def in_notebook() -> bool:
    """Whether this process is a notebook's kernel: Jupyter's, Colab's or an editor's."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and getattr(ipython.get_ipython(), "kernel", None) is not None
