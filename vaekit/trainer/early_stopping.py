"""Which epoch of a run is its best, and when a better one is waited for no longer."""

from __future__ import annotations

import math
from collections.abc import Container, Mapping
from typing import Any, NamedTuple


class Monitor(NamedTuple):
    """The column of the history that says how good an epoch is; held-out images decide."""

    column: str
    larger_is_better: bool


def monitor_of(columns: Container[str]) -> Monitor:
    """The ELBO, which is never re-weighted, so that epochs compare while a loss's weights change.

    columns: the names of what evaluation reports; where it has no ELBO, it is the loss.
    """
    return Monitor("val_elbo", True) if "elbo" in columns else Monitor("val_loss", False)


class EarlyStopping:
    """Remembers the best epoch, and stops training `patience` epochs after it.

    Prechelt, "Early Stopping - But When?" (1998), with his criterion UP for validation at each
    epoch's end. It remembers nothing beside `best`, so what a checkpoint holds of it is that.

    best: `epoch` and `steps` of the best epoch so far, and its value of the monitor's column; None
        before there is one, and where none had a value that is a number.
    patience: None never stops.
    since: the epochs done when `best` was begun to be looked for.
    """

    def __init__(
        self,
        monitor: Monitor,
        patience: int | None,
        *,
        best: Mapping[str, Any] | None = None,
        since: int = 0,
    ) -> None:
        self.monitor = monitor
        self.patience = patience
        self.best = best
        self._since = since

    def improved(self, row: Mapping[str, Any], steps: int) -> bool:
        """Whether an epoch, of which this is the line in the history, is the best so far.

        steps: done in all at its end.
        """
        column, larger_is_better = self.monitor
        value = row[column]
        worst = -math.inf if larger_is_better else math.inf
        best = worst if self.best is None else self.best.get(column, worst)
        if not (value > best if larger_is_better else value < best):  # as NaN never is
            return False
        self.best = {"epoch": row["epoch"], "steps": steps, column: value}
        return True

    def exhausted(self, epochs: int) -> bool:
        """Whether patience is at its end after so many epochs."""
        best = self._since if self.best is None else self.best["epoch"]
        return self.patience is not None and epochs - best >= self.patience
