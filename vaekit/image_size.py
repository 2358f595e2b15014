"""The size of images, however a user gives it: `64`, `64x48`, a number or a pair."""

from __future__ import annotations

import re
from typing import Any

_FORM = re.compile(r"0*(\d{1,9})(?:x0*(\d{1,9}))?", re.ASCII | re.IGNORECASE)


def parse_image_size(value: Any) -> tuple[int, int]:
    """Height and width in pixels; one number counts for both.

    Raises `ValueError` for anything else, and for a side of no pixels.
    """
    if isinstance(value, str):
        match = _FORM.fullmatch(value.strip())
        sides = [int(side) for side in match.groups() if side] if match else []
    elif isinstance(value, list | tuple):
        sides = list(value) if len(value) == 2 else []
    else:
        sides = [value]
    if not sides or not all(_is_side(side) for side in sides):
        raise ValueError("give height and width in pixels, as 64x48, or one number for both")
    return int(sides[0]), int(sides[-1])


def _is_side(value: Any) -> bool:
    """Whether a value is a whole number from 1 on, of any library's type."""
    try:
        return not isinstance(value, bool) and int(value) == value and value > 0
    except (TypeError, ValueError, OverflowError):
        return False
