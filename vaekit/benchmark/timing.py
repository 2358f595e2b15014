"""Timing work that can be asked for in any amount: warm-up apart, then several runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

# Does so many units of work, and returns when all of it is done: it waits for the device.
Repeat = Callable[[int], object]

_MOST = 1_000_000  # units a run, however fast they are


class Measured(NamedTuple):
    """Units a second of each run, and what went before the first.

    first_call_seconds: the first unit alone, which compiles.
    warm_up_seconds: what followed until the speed was known.
    """

    rates: list[float]
    units_a_run: int
    first_call_seconds: float
    warm_up_seconds: float


def measure(repeat: Repeat, *, seconds: float, runs: int) -> Measured:
    """Time `runs` runs of about `seconds` each, after a warm-up that finds how much that is."""
    first = clocked(repeat, 1)
    began = time.perf_counter()
    units = filling(repeat, seconds)
    warm_up = time.perf_counter() - began
    rates = [units / clocked(repeat, units) for _ in range(runs)]
    return Measured(rates, units, first, warm_up)


def filling(repeat: Repeat, seconds: float) -> int:
    """How many units take about `seconds`, found by doing more and more of them."""
    units = 1
    while (took := clocked(repeat, units)) < seconds / 4 and units < _MOST:
        units *= 2
    return max(1, round(min(_MOST, units * seconds / took)))


def clocked(repeat: Repeat, units: int) -> float:
    """Seconds that `units` units take."""
    began = time.perf_counter()
    repeat(units)
    return time.perf_counter() - began
