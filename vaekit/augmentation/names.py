"""What augmentations are called, how far each goes, and how a list of them is read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from vaekit.errors import closest

SHIFT: Final = 0.1  # of height and of width
SMALLEST_CROP: Final = 0.8  # of a side
BRIGHTNESS: Final = 0.1  # of black to white
CONTRAST: Final = 0.2
SATURATION: Final = 0.2

# In the order in which they are applied, whatever the order in which they are named.
AUGMENTATIONS: Final = {
    "flip": "left to right, half of the images; never upside down",
    "shift": f"up to {SHIFT:.0%} of each side, by whole pixels; what comes in is reflected",
    "crop": f"a part of {SMALLEST_CROP:.0%} to 100% of both sides, enlarged to the whole",
    "colour": f"brightness by up to {BRIGHTNESS:.0%}, contrast by {CONTRAST:.0%}, and of three "
    f"channels saturation by {SATURATION:.0%}",
}

# What makes grey of black and white.
GREY_MAKING: Final = ("crop", "colour")


def parse_augmentations(value: Any) -> Any:
    """`flip,shift`, or a list of such names, as a tuple in the order in which they are applied.

    What is neither is given back for others to refuse. Raises `ValueError` for an unknown name, and
    for one that is given twice.
    """
    names = [name.strip() for name in value.split(",")] if isinstance(value, str) else value
    if not isinstance(names, Iterable) or not all(isinstance(name, str) for name in names):
        return value
    names = [name for name in names if name]
    for name in names:
        if name not in AUGMENTATIONS:
            hint = closest(name, AUGMENTATIONS)
            raise ValueError(f"there is no augmentation {name!r}. {hint}")
        if names.count(name) > 1:
            raise ValueError(f"{name} is in it twice")
    return tuple(name for name in AUGMENTATIONS if name in names)
