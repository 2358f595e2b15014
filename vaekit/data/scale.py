"""What white is: which value of a source's type becomes 1, derived once and kept for later images.

A scale that went by the images at hand would make the same dark image bright when it comes alone.
So it is taken from a data set when a run begins, and the run records it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from vaekit.errors import DataError

Scale = Mapping[str, float]  # white, by the name of the type that the source keeps

MASK = 1.0  # white of whole numbers that are 0 and 1
BYTE, WORD, UNIT = 255.0, 65535.0, 1.0
# Of what the kit has scaled already.
REGULAR: Scale = {"uint8": BYTE, "float32": UNIT}


def derived_white(dtype: np.dtype[Any], low: float, high: float, name: str) -> float:
    """White of images of this type and range, where nothing says it.

    - whole numbers within 0..255 are bytes; where none is above 1 they are masks. So are booleans.
    - uint16 with values above 255 goes to 65535.
    - floats within 0..1 stay; floats within 0..255 go to 255.

    Raises `DataError`, calling them `name`, for everything else.
    """
    kind = dtype.kind
    if kind == "b" or (kind in "ui" and low >= 0 and high <= 1):
        return MASK
    if kind in "ui" and low >= 0 and high <= BYTE:
        return BYTE
    if kind == "u" and dtype.itemsize == 2:
        return WORD
    if kind == "f" and low >= 0 and high <= UNIT:
        return UNIT
    # A float just above 1 is a picture in 0..1 that was resampled, not a nearly black one.
    if kind == "f" and low >= 0 and 2 <= high <= BYTE:
        return BYTE
    raise DataError(
        f"{name} hold values from {low:.9g} to {high:.9g}, which is neither 0..1 nor 0..255. Scale "
        "them first."
    )


def recorded_white(scale: Scale, dtype: np.dtype[Any], low: float, high: float, name: str) -> float:
    """White of images of this type for a run with this scale.

    A type that the run knows has the run's. Bytes, words and booleans have their full range. Other
    whole numbers, and floats of another width, are taken as the run's own whole numbers or floats,
    else as 0..255 and 0..1.

    Raises `DataError`, calling them `name`, if values lie outside of that.
    """
    white = scale.get(dtype.name)
    if white is None:
        full = {"bool": MASK, "uint8": BYTE, "uint16": WORD}
        alike = [scale[known] for known in scale if _family(np.dtype(known)) == _family(dtype)]
        white = full.get(dtype.name) or (alike or [BYTE if dtype.kind in "ui" else UNIT])[0]
    if low < 0 or high > white:
        of_run = " and ".join(f"{known}, 0..{top:g}" for known, top in scale.items())
        raise DataError(
            f"{name} hold values from {low:.9g} to {high:.9g}; as {dtype} they must lie within "
            f"0..{white:g} here, since the run's own images are {of_run or 'not of this type'}. "
            "Scale them as those."
        )
    return white


def described(dtype: np.dtype[Any], white: float) -> str:
    """Type and range for people."""
    whole = "0 and 1" if white == MASK and dtype.kind in "bui" else f"0..{white:g}"
    return f"{dtype}, {whole}"


def scale_of_text(text: str) -> Scale:
    """The scale of a data set that was described so; empty where the text doesn't say.

    For records of vaekit 0.1, which held nothing else.
    """
    spans = re.findall(r"(bool|u?int\d+|float\d+), (0 and 1|0\.\.(?:1|255|65535)(?!\d))", text)
    return {name: MASK if span == "0 and 1" else float(span[3:]) for name, span in spans}


def _family(dtype: np.dtype[Any]) -> str:
    return "f" if dtype.kind == "f" else "ui"
