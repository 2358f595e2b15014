"""The spread of a value over the runs of a group, and which groups are the best by it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from vaekit.metric import Direction

Mark = Literal["best", "tied", ""]

RULE = (
    "The best by a value is marked *, and what can't be told from it ~: their means differ by no "
    "more than two standard errors of the difference, 2 sqrt(s1^2/n1 + s2^2/n2), s being the "
    "standard deviation over the n runs of a group; a group of one run takes the others' mean s^2."
)
NO_SPREAD = (
    "No group has two runs, so nothing is known of the spread over seeds: a difference between "
    "two runs may be chance. Train more seeds to tell."
)


class Cell(NamedTuple):
    """A value of a group's runs.

    values: of each run that has one. std: the standard deviation over them, of n - 1; None of one.
    mark: `best` of a column that is ranked; `tied` if it can't be told from the best.
    """

    values: tuple[float, ...]
    mark: Mark = ""

    @property
    def n(self) -> int:
        """How many runs have the value."""
        return len(self.values)

    @property
    def mean(self) -> float | None:
        """Their mean; None without one."""
        return float(np.mean(self.values)) if self.values else None

    @property
    def std(self) -> float | None:
        """Their standard deviation; None where there is no spread to tell."""
        return float(np.std(self.values, ddof=1)) if len(self.values) > 1 else None


def ranked(cells: Sequence[Cell], better: Direction) -> list[Cell]:
    """The cells with their marks; those without a value get none."""
    sign = 1.0 if better == "higher" else -1.0
    means = [cell.mean for cell in cells]
    score = [-math.inf if mean is None else sign * mean for mean in means]
    best = max(range(len(cells)), key=score.__getitem__)
    variance = _mean_variance(cells)
    return [
        cell._replace(mark=_mark(cell, cells[best], variance) if cell.values else "")
        if number != best
        else cell._replace(mark="best" if cell.values else "")
        for number, cell in enumerate(cells)
    ]


def _mark(cell: Cell, best: Cell, variance: float) -> Mark:
    assert cell.mean is not None
    assert best.mean is not None
    error = math.sqrt(_squared_error(cell, variance) + _squared_error(best, variance))
    return "tied" if abs(cell.mean - best.mean) <= 2 * error else ""


def _squared_error(cell: Cell, variance: float) -> float:
    """The square of a mean's standard error; `variance` is what a single run is taken to have."""
    return variance if cell.std is None else cell.std**2 / cell.n


def _mean_variance(cells: Sequence[Cell]) -> float:
    stds = [cell.std for cell in cells if cell.std is not None]
    return float(np.mean(np.square(stds))) if stds else 0.0
