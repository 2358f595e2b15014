"""Combinations raced against each other: in turn, round after round, so that all meet the same."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from typing import Any, NamedTuple

from vaekit.autotune.combination import Combination
from vaekit.autotune.racer import RaceError, Racer, Turn

BATCH_SIZE = 32
SECONDS = 0.5  # a turn
ROUNDS = 5
LIMIT = 150.0  # seconds for all of it
_HOPELESS = 0.85  # of the fastest, after the first round


class Race(NamedTuple):
    """What a race gave.

    rates: images a second of each round, by combination, the usual one first; those that couldn't
        train are left out, and those that were far behind have a single round.
    processor_rates: the same for a second of the processor's time, of all its threads together,
        which other work on the machine disturbs less.
    device: of the first, as `cpu:0`.
    """

    rates: dict[Combination, list[float]]
    processor_rates: dict[Combination, list[float]]
    device: str


def race(
    entered: Sequence[Combination],
    *,
    settings: Mapping[str, Any] = {},
    environment: Mapping[str, str | None] = {},
    batch_size: int = BATCH_SIZE,
    seconds: float = SECONDS,
    rounds: int = ROUNDS,
    limit: float = LIMIT,
    to_the_end: bool = False,
) -> Race:
    """Let each train in turn for `seconds`, `rounds` times, every second round in reverse.

    settings: what all processes start by beside their own, as `device`.
    environment: variables of all processes.
    limit: seconds that all of it may take.
    to_the_end: whether those that are far behind after the first round stay in.

    Raises `RaceError` if the first, by which the others are judged, can't train in that time.
    """
    deadline = time.monotonic() + limit
    rates: dict[Combination, list[float]] = {}
    processor: dict[Combination, list[float]] = {}
    with ExitStack() as stack:
        racers: dict[Combination, Racer] = {}
        by_process: dict[str, Racer] = {}
        for one in entered:
            name = repr(one.of_process)
            if name not in by_process:
                started = Racer({**settings, **one.of_process}, environment)
                by_process[name] = stack.enter_context(started)
            racers[one] = by_process[name]
        device = _made_ready(racers, batch_size, deadline)
        for number in range(rounds):
            for one in list(racers)[:: 1 if number % 2 == 0 else -1]:
                racers[one].ask(one.kernels, one.xla, batch_size, seconds)
                turn = racers[one].answer(deadline)
                rates.setdefault(one, []).append(turn.rate)
                processor.setdefault(one, []).append(turn.processor_rate)
            if number == 0 and not to_the_end:
                best = max(values[0] for values in rates.values())
                behind = [c for c in racers if rates[c][0] < _HOPELESS * best and c != entered[0]]
                for one in behind:
                    del racers[one]
    # As they were entered: every second round went the other way.
    order = [one for one in entered if one in rates]
    return Race({one: rates[one] for one in order}, {one: processor[one] for one in order}, device)


def _made_ready(racers: dict[Combination, Racer], batch_size: int, deadline: float) -> str:
    """Let all start and trace at once, leave out those that can't, and give the first's device."""
    first = next(iter(racers))
    turns: dict[Combination, Turn] = {}
    for one, racer in racers.items():
        with suppress(RaceError):  # one that has ended already says so where it is to answer
            racer.ask(one.kernels, one.xla, batch_size, 0.0)
    for one, racer in racers.items():
        try:
            turns[one] = racer.answer(deadline)
        except RaceError:
            if one == first or time.monotonic() > deadline:
                raise
    for one in [one for one in racers if one not in turns]:
        del racers[one]
    return turns[first].device
