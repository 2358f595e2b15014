"""Where the time of a command goes: its parts by name, each with what it took in all."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass
class Spent:
    """What a part took until now, less the parts within it.

    began: when it first did, by `time.monotonic`, which all processes of a machine share.
    seconds: as a clock shows them. processor: of all cores, by all threads of the process.
    """

    began: float
    seconds: float = 0.0
    processor: float = 0.0


_spent: dict[str, Spent] = {}
_adding = threading.Lock()
# What the parts within the present one took, by clock and by processor.
_within: ContextVar[list[float] | None] = ContextVar("within", default=None)


@contextmanager
def part(name: str) -> Iterator[None]:
    """While entered, time passes for this part, and for no other that it lies in."""
    inner = [0.0, 0.0]
    token = _within.set(inner)
    began, processor = time.monotonic(), time.process_time()
    try:
        yield
    finally:
        took = [time.monotonic() - began, time.process_time() - processor]
        _within.reset(token)
        outer = _within.get()
        if outer is not None:
            outer[:] = [a + b for a, b in zip(outer, took, strict=True)]
        with _adding:
            spent = _spent.setdefault(name, Spent(began))
            spent.seconds += took[0] - inner[0]
            spent.processor += took[1] - inner[1]


def parts_taken() -> dict[str, Spent]:
    """What each part of this process took, in the order in which they first ended."""
    with _adding:
        return dict(_spent)
