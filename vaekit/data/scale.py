"""Which value stands for white: taken from the data once, when a run is made, and kept for it.

A scale is a mapping from the name of a type to that value, `{"uint16": 65535}`; black is 0. A set
of masks has 1. `run.json` keeps it as `data.scale`.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from vaekit.data.stored import Change
from vaekit.errors import DataError, VaekitWarning

Scale = Mapping[str, int]

BYTE, REAL = np.dtype(np.uint8), np.dtype(np.float32)
HELD: Scale = {"uint8": 255, "float32": 1}  # of pixels that have been scaled
_DARK = 8
_WHOLE = {"bool": 1, "uint8": 255, "uint16": 65535}  # the range of types that have one
_TEXT = re.compile(r"([<>=|]?\w+), 0(?:\.\.| and )(\d+)")  # what `stored_as` says


def white_of(dtype: np.dtype[Any], low: float, high: float, name: str) -> int:
    """The value that stands for white in the data of a new run, from their type and range.

    - Of whole numbers within 0..1, masks, it is 1, as True is; of those within 0..255 it is 255.
    - Of uint16 with values above 255 it is 65535.
    - Of floats within 0..1 it is 1, of floats within 0..255 it is 255.

    name: what to call the images in an error. Raises `DataError` for everything else; warns
    (`VaekitWarning`) of images that come to less than an eighth of it.
    """
    white = _white_of_range(dtype, low, high, name)
    if dark(high, white):
        warnings.warn(
            f"{name} go up to {high:.9g} only, where {white} is taken for white: they are nearly "
            f"black. If {high:.9g} is white, divide them by it first.",
            VaekitWarning,
            stacklevel=3,
        )
    return white


def dark(high: float, white: int) -> bool:
    """Whether images whose brightest value is `high` are suspiciously far from white."""
    return 0 < high * _DARK <= white


def _white_of_range(dtype: np.dtype[Any], low: float, high: float, name: str) -> int:
    kind = dtype.kind
    if kind == "b" or (kind in "ui" and low >= 0 and high <= 1):
        return 1
    if kind in "ui" and low >= 0 and high <= 255:
        return 255
    if dtype.name == "uint16":
        return 65535
    if kind == "f" and low >= 0 and high <= 1:
        return 1
    # A float just above 1 is a picture in 0..1 that was resampled, not a nearly black one.
    if kind == "f" and low >= 0 and 2 <= high <= 255:
        return 255
    how = "Scale them first"
    if kind == "f" and -1 <= low < 0 and high <= 1:
        how = "Those from -1 to 1 come there by (x + 1) / 2"
    raise DataError(
        f"{name} hold values from {low:.9g} to {high:.9g}, which is neither 0..1 nor 0..255. {how}."
    )


def white_by(scale: Scale, dtype: np.dtype[Any], low: float, high: float, name: str) -> int:
    """The value that stands for white in images that a run with this scale is given.

    Of the run's own types it is the run's, whatever the images; of another type the end of its
    range. Floats of any width are as the run's, or end at 1 where it had none; whole numbers of a
    type that says nothing are bytes if the run's are.

    Raises `DataError` for values beyond, and where nothing says what is white; warns
    (`VaekitWarning`) of floats within 0..1 where 255 is white.
    """
    white = scale.get(dtype.name)
    if white is None:
        white = _white_of_another(scale, dtype, high, name)
    if low < 0 or high > white:
        raise DataError(
            f"{name} hold values from {low:.9g} to {high:.9g}, but {dtype.name} images go from 0 "
            f"to {white} here: {_own(scale)}. Scale them so."
        )
    if dtype.kind == "f" and white == 255 and 0 < high <= 1:
        warnings.warn(
            f"{name} are {dtype.name} within 0..1, and 255 is white: {_own(scale)}. So they are "
            "nearly black.",
            VaekitWarning,
            stacklevel=3,
        )
    return white


def _white_of_another(scale: Scale, dtype: np.dtype[Any], high: float, name: str) -> int:
    whites = {np.dtype(own).kind: white for own, white in scale.items()}
    integers = {white for kind, white in whites.items() if kind in "bui"}
    if dtype.kind == "f":
        return whites.get("f", 1)
    if dtype.kind in "ui" and integers == {1} and high == 1:
        raise DataError(
            f"{name} are {dtype.name} of 0 and 1, but {_own(scale)}. Give masks as that type, or "
            "as bool."
        )
    if dtype.name in _WHOLE:
        return _WHOLE[dtype.name]
    if integers <= {255}:
        return 255
    raise DataError(
        f"{name} are {dtype.name}, and nothing says which value is white: {_own(scale)}. Give "
        "images of that type."
    )


def _own(scale: Scale) -> str:
    own = " and ".join(stored_as(np.dtype(name), white) for name, white in scale.items())
    return f"the run's own images are {own}" if own else "nothing says what it was trained on"


def scaling(dtype: np.dtype[Any], white: int) -> tuple[Change, np.dtype[Any]]:
    """What turns images of a type into uint8 or float32 in [0, 1], and which of the two."""
    if dtype.kind in "bui" and white == 1:
        return lambda a: a.astype(BYTE) * BYTE.type(255), BYTE
    if dtype.kind in "ui" and white == 255:
        return lambda a: a.astype(BYTE, copy=False), BYTE
    if white == 1:
        return lambda a: a.astype(REAL, copy=False), REAL
    return lambda a: a.astype(REAL) / REAL.type(white), REAL


def stored_as(dtype: np.dtype[Any], white: int) -> str:
    """How images are stored, for people: "uint8, 0..255", or "bool, 0 and 1" of masks."""
    return f"{dtype}, 0 and 1" if dtype.kind != "f" and white == 1 else f"{dtype}, 0..{white}"


def refuse_other_scale(own: Scale, scale: Scale, name: str) -> None:
    """Raise `DataError` if images were scaled by `own`, brighter than a run's `scale` has them.

    That is where they were dark: once scaled, nobody can tell.
    """
    for dtype, white in own.items():
        if white < scale.get(dtype, white):
            raise DataError(
                f"{name} was read with {dtype} images from 0 to {white}; the run's go to "
                f"{scale[dtype]}. Give the run their path, or the array itself."
            )


def recorded_scale(scale: Scale, stored: str) -> Scale:
    """The scale that a run's record holds.

    stored: how the record describes its images. A run of before scales were kept says it there;
    where that says nothing, the scale is empty, every type has its whole range, and a
    `VaekitWarning` says so.
    """
    if scale:
        return scale
    parsed: dict[str, int] = {}
    for dtype, white in _TEXT.findall(stored):
        try:
            parsed[np.dtype(dtype).name] = int(white)
        except TypeError:  # a text of a plugin's own
            continue
    if not parsed:
        warnings.warn(
            f"The run doesn't say which value of its images is white ({stored!r}): each type is "
            "taken with its whole range.",
            VaekitWarning,
            stacklevel=3,
        )
    return parsed
