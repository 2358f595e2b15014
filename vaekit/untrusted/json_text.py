"""JSON of strangers: parsed under limits, and only what has one meaning."""

from __future__ import annotations

import json
from typing import Any

LONGEST = 16 * 2**20  # bytes
DEEPEST = 64


def parse(text: str | bytes) -> Any:
    """The value of a JSON text.

    Raises `ValueError` for one that is too long or too deep, that names a key twice, or that holds
    a number that JSON doesn't have (NaN, Infinity).
    """
    if len(text) > LONGEST:
        raise ValueError(f"its JSON is longer than {LONGEST} bytes")
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("its JSON is nested too deeply") from None
    _check_depth(value)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    object_ = dict(pairs)
    if len(object_) < len(pairs):
        raise ValueError("its JSON names a key twice")
    return object_


def _no_constant(name: str) -> None:
    raise ValueError(f"its JSON holds {name}, which is no number")


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(DEEPEST):
        level = [
            child
            for item in level
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return
    raise ValueError("its JSON is nested too deeply")
