"""How a cost grows as one size of a problem doubles, set against how its work grows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

# By how much an exponent over four sizes that double may be above its work's: caches fill.
SLACK = 0.2

WITHIN, BEYOND = "no faster than its work", "faster than its work"


class Growth(NamedTuple):
    """Exponents p of `size ** p`, and what they say.

    exponent, work: of the cost and of its work, fitted to all sizes.
    last: of the cost, from the last but one size to the last; what is fixed hides least there.
    verdict: `BEYOND` if the cost's exponent is more than `SLACK` above its work's, or `last` more
        than twice that, and its times say so to beyond their spread; else `WITHIN`.
    """

    exponent: float
    work: float
    last: float
    verdict: str


def growth_of(
    sizes: Sequence[float], works: Sequence[float], seconds: Sequence[Sequence[float]]
) -> Growth:
    """The growth of a cost over sizes in their order, by straight lines through logarithms.

    seconds: of each size, several times; the fastest is what it costs.
    """
    costs = [min(times) for times in seconds]
    exponent, work = _slope(sizes, costs), _slope(sizes, works)
    last = _slope(sizes[-2:], costs[-2:])
    # From the slowest time of the smaller to the fastest of the larger.
    sure = _between(sizes, [max(seconds[0]), costs[-1]])
    sure_last = _between(sizes[-2:], [max(seconds[-2]), costs[-1]])
    beyond = (exponent > work + SLACK and sure > _between(sizes, works)) or (
        min(last, sure_last) > _between(sizes[-2:], works[-2:]) + 2 * SLACK
    )
    return Growth(exponent, work, last, BEYOND if beyond else WITHIN)


def _slope(sizes: Sequence[float], values: Sequence[float]) -> float:
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def _between(sizes: Sequence[float], values: Sequence[float]) -> float:
    """The exponent from the first to the last alone."""
    return math.log(values[-1] / values[0]) / math.log(sizes[-1] / sizes[0])
