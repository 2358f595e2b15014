"""Where a net is cut for gradient checkpointing: the least that is held at once on the way back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import keras

from vaekit.kernels.segments import Call, Calls, Segment, calls_of

_TRIED = 40  # sizes of the largest segment


class Plan(NamedTuple):
    """Segments `[start, end)` of a net's calls, and the values of an image that are held at most.

    Those are what goes from one segment to the next, and all of the largest one.
    """

    segments: list[tuple[int, int]]
    held: int


def planned(calls: Calls) -> list[Segment]:
    """A net's segments, which hold little."""
    return [_segment(calls, start, end) for start, end in _plan(calls).segments]


def least_held(model: keras.Model) -> int:
    """How many values of an image are held at once, at the least, where a net is cut so."""
    return _plan(calls_of(model)).held


def _plan(calls: Calls) -> Plan:
    return best_plan([call.size for call in calls.calls], _crossing(calls))


def best_plan(sizes: Sequence[int], crossing: Sequence[int]) -> Plan:
    """The cuts that hold least.

    sizes: the values that each call gives. crossing: those that are used beyond it, of all until
        then: what a cut there keeps.
    """
    total = sum(sizes)
    largest = max(sizes, default=0)
    limits = {largest + (total - largest) * step // _TRIED for step in range(_TRIED + 1)}
    plans = [_within(limit, sizes, crossing) for limit in sorted(limits)]
    return min(plans, key=lambda plan: (plan.held, len(plan.segments)))


def _within(limit: int, sizes: Sequence[int], crossing: Sequence[int]) -> Plan:
    """The cuts that keep least, with no segment above a limit; by dynamic programming."""
    kept: list[float] = [0.0]  # of the calls before each place
    begun = [0]
    for end in range(1, len(sizes) + 1):
        best, at, size = float("inf"), end - 1, 0
        for start in range(end - 1, -1, -1):
            size += sizes[start]
            if size > limit:
                break
            if kept[start] < best:
                best, at = kept[start], start
        kept.append(best + (crossing[end - 1] if end < len(sizes) else 0))
        begun.append(at)
    segments: list[tuple[int, int]] = []
    end = len(sizes)
    while end:
        segments.insert(0, (begun[end], end))
        end = begun[end]
    most = max((sum(sizes[start:end]) for start, end in segments), default=0)
    return Plan(segments, int(kept[-1]) + most)


def _crossing(calls: Calls) -> list[int]:
    """For each call, the values of an image that come from it or before, and are used after it."""
    last = _last_uses(calls)
    made: dict[int, tuple[int, float]] = {}
    crossing = []
    for at, call in enumerate(calls.calls):
        for output in call.outputs:
            made[output] = (last.get(output, at), call.size / len(call.outputs))
        crossing.append(int(sum(size for use, size in made.values() if use > at)))
    return crossing


def _last_uses(calls: Calls) -> dict[int, int]:
    last = {number: at for at, call in enumerate(calls.calls) for number in call.inputs}
    return {**last, **dict.fromkeys(calls.outputs, len(calls.calls))}


def _segment(calls: Calls, start: int, end: int) -> Segment:
    inside: Sequence[Call] = calls.calls[start:end]
    made = {number for call in inside for number in call.outputs}
    taken = dict.fromkeys(n for call in inside for n in call.inputs if n not in made)
    last = _last_uses(calls)
    given = [number for number in made if last.get(number, -1) >= end]
    return Segment(inside, tuple(taken), sorted(given), calls.names)
