"""Runs in groups, over which the spread of a value is taken: those that differ only in seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vaekit.comparison.compared_run import SEED, ComparedRun, as_key
from vaekit.config import parse_names
from vaekit.errors import OptionError, closest

ABSENT = "none"  # of an option that a part doesn't have


@dataclass(frozen=True)
class Group:
    """Runs of one kind. name: what tells it from the other groups."""

    name: str
    runs: tuple[ComparedRun, ...]

    def options(self, field: str) -> list[Any]:
        """The values that an option has in the group's runs, each once; None where it is absent."""
        values = {as_key(run.options.get(field)): run.options.get(field) for run in self.runs}
        return list(values.values())


def grouped(runs: Sequence[ComparedRun], by: str | Sequence[str] = ()) -> list[Group]:
    """The groups, in the order in which their first runs came.

    by: names of options, `loss,seed`, whose values make the groups; none: all but the seed.

    Raises `OptionError` for a name that no run has.
    """
    fields = list(parse_names(by))
    every = _fields(runs)
    for field in fields:
        if field not in every:
            raise OptionError(f"The runs have no option {field!r}. {closest(field, every)}")
    telling = fields or [field for field in every if field != SEED]
    members: dict[tuple[str, ...], list[ComparedRun]] = {}
    for run in runs:
        key = tuple(as_key(run.options.get(field)) for field in telling)
        members.setdefault(key, []).append(run)
    names = _names(list(members.values()), telling, shorten=not fields)
    return [Group(name, tuple(own)) for name, own in zip(names, members.values(), strict=True)]


def differing(runs: Sequence[ComparedRun]) -> list[str]:
    """The options in which any two runs differ."""
    return [
        field
        for field in _fields(runs)
        if len({as_key(run.options.get(field)) for run in runs}) > 1
    ]


def text_of(value: Any) -> str:
    """A value of an option, for people."""
    return ABSENT if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _fields(runs: Sequence[ComparedRun]) -> list[str]:
    return list(dict.fromkeys(field for run in runs for field in run.options))


def _names(
    groups: Sequence[Sequence[ComparedRun]], fields: Sequence[str], *, shorten: bool
) -> list[str]:
    """What tells each group from the others: its values of these fields.

    shorten: of as few of them as tell all groups apart; single runs go by their own names.
    """
    if not shorten:
        return _labels(groups, fields)
    if all(len(group) == 1 for group in groups):
        return [group[0].name for group in groups]
    if len(groups) == 1:
        return [f"{len(groups[0])} runs"]
    return _labels(groups, _telling(groups, fields))


def _telling(groups: Sequence[Sequence[ComparedRun]], fields: Sequence[str]) -> list[str]:
    """The first fields that tell the groups apart, without those that aren't needed for it."""
    needed: list[str] = []
    for field in fields:
        if len(set(_labels(groups, [*needed, field]))) > len(set(_labels(groups, needed))):
            needed.append(field)
    for field in list(needed):
        fewer = [name for name in needed if name != field]
        if len(set(_labels(groups, fewer))) == len(groups):
            needed = fewer
    return needed


def _labels(groups: Sequence[Sequence[ComparedRun]], fields: Sequence[str]) -> list[str]:
    return [
        ", ".join(f"{field}={text_of(group[0].options.get(field))}" for field in fields)
        for group in groups
    ]
