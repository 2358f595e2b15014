"""Checks of single values in a config. Each gives the value to use, or raises `SpecError`."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Any

from vaekit.untrusted.reading import plain

Check = Callable[[Any], Any]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
LARGEST_SIDE = 2**20


class SpecError(Exception):
    """Something in a config that isn't taken; the text ends a sentence that names the file."""


def quoted(value: Any) -> str:
    """A value as an error quotes it."""
    return plain(repr(value))[:80]


def _misplaced(value: Any, expected: str) -> SpecError:
    return SpecError(f"{quoted(value)} where {expected} belongs")


def boolean(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise _misplaced(value, "true or false")
    return value


def whole(low: int, high: int = LARGEST_SIDE) -> Check:
    """A whole number within bounds."""

    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise _misplaced(value, f"a whole number from {low} to {high}")
        return value

    return check


def number(low: float = -1e6, high: float = 1e6) -> Check:
    """A finite number within bounds."""

    def check(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _misplaced(value, "a number")
        if not low <= value <= high:
            raise _misplaced(value, f"a number from {low:g} to {high:g}")
        return value

    return check


def one_of(*choices: Any) -> Check:
    """One of a few values."""

    def check(value: Any) -> Any:
        if not any(type(value) is type(choice) and value == choice for choice in choices):
            raise _misplaced(value, " or ".join(map(repr, choices)))
        return value

    return check


def optional(check: Check) -> Check:
    """None, or what another check takes."""
    return lambda value: None if value is None else check(value)


def listed(check: Check, least: int, most: int) -> Check:
    """A list of so many values, as a tuple."""

    def check_all(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise _misplaced(value, f"a list of {least} to {most}")
        return tuple(check(item) for item in value)

    return check_all


def rising(check: Check, least: int, most: int) -> Check:
    """So many values, each above the one before it, as a list."""

    def check_all(value: Any) -> list[Any]:
        values = list(listed(check, least, most)(value))
        if any(after <= before for before, after in itertools.pairwise(values)):
            raise _misplaced(value, "a list of rising values")
        return values

    return check_all


def either(*checks: Check) -> Check:
    """What the first of some checks takes; the last says what is wrong."""

    def check(value: Any) -> Any:
        for first in checks[:-1]:
            try:
                return first(value)
            except SpecError:
                continue
        return checks[-1](value)

    return check


def pair(low: int, high: int) -> Check:
    """Two whole numbers, or one for both."""
    return either(whole(low, high), listed(whole(low, high), 2, 2))


def name(value: Any) -> str:
    """The name of a layer or a model."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise _misplaced(value, "a name")
    return value


def mapping(value: Any, keys: frozenset[str] | set[str]) -> dict[str, Any]:
    """An object of JSON with known keys only."""
    if not isinstance(value, dict):
        raise _misplaced(value, "a mapping")
    unknown = sorted(set(value) - keys)
    if unknown:
        raise SpecError(f"an entry {quoted(unknown[0])} that vaekit doesn't know")
    return value


def shape(value: Any) -> tuple[int | None, ...]:
    """The shape of a batch: its first axis may be open, the others are known."""
    if not isinstance(value, list) or not 2 <= len(value) <= 6:
        raise _misplaced(value, "the shape of a batch")
    first = optional(whole(1))(value[0])
    return (first, *(whole(1)(side) for side in value[1:]))
