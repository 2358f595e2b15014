"""How often a checkpoint is taken: by steps, by minutes or by epochs."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, cast

Unit = Literal["steps", "min", "epochs"]

_FORM = re.compile(r"(\d+)(steps?|epochs?)|(\d+(?:\.\d+)?)min", re.ASCII)


class Cadence(NamedTuple):
    """One checkpoint every so many `unit`s; whole ones but for minutes."""

    every: float
    unit: Unit


def parse_cadence(text: str) -> Cadence:
    """`50steps`, `5min` or `1epoch`. Raises `ValueError` for anything else, and for none."""
    match = _FORM.fullmatch(text)
    if not match or not float(match[1] or match[3]):
        raise ValueError("say how often as 50steps, 5min or 1epoch")
    count, unit, minutes = match.groups()
    if minutes:
        return Cadence(float(minutes), "min")
    return Cadence(int(count), cast(Unit, unit.rstrip("s") + "s"))
