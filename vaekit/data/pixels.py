"""Pixels of any type, as the two that the kit works with: uint8, or float32 in [0, 1]."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from vaekit.data.coerce import as_array
from vaekit.data.scale import Scale, dark, scaling, stored_as, white_by, white_of
from vaekit.data.stored import StoredPixels, changed, parts_of
from vaekit.errors import DataError
from vaekit.pixels import WHITE, as_floats

SMALLEST = 8  # pixels on a side


class Normalised(NamedTuple):
    """Arrays as the kit holds them, the scale that made them so, and how they were stored."""

    arrays: list[Any]
    scale: dict[str, int]
    stored: str


def normalise(
    arrays: list[Any], names: list[str], scale: Scale | None = None, smallest: int = SMALLEST
) -> Normalised:
    """The arrays as `(N, H, W, C)`, all uint8 or all float32 in [0, 1].

    arrays: images `(N, H, W)` or `(N, H, W, C)`, the splits of one data set; of `StoredPixels`,
    `StoredPixels` are made.
    names: what to call each in an error.
    scale: that of the run that they are for; None: it is taken from all arrays of one type
    together, so that a dark test set is scaled as its training set is. See `vaekit.data.scale`.
    smallest: the fewest pixels that a side may have.

    Raises `DataError` for what is no array of images.
    """
    images = [_shaped(a, name, smallest) for a, name in zip(arrays, names, strict=True)]
    ranges = [_range(a, name) for a, name in zip(images, names, strict=True)]
    scaled, whites, stored = [], {}, []
    for array, name in zip(images, names, strict=True):
        alike = [r for a, r in zip(images, ranges, strict=True) if a.dtype == array.dtype]
        low, high = min(r[0] for r in alike), max(r[1] for r in alike)
        white = (
            white_of(array.dtype, low, high, name)
            if scale is None
            else white_by(scale, array.dtype, low, high, name)
        )
        change, dtype = scaling(array.dtype, white)
        scaled.append(changed(array, change, array.shape[1:], dtype))
        whites[array.dtype.name] = white
        stored.append(stored_as(array.dtype, white))
    if len({a.dtype for a in scaled}) > 1:
        scaled = [changed(a, as_floats, a.shape[1:], np.float32) for a in scaled]
    regular = [a if isinstance(a, StoredPixels) else np.ascontiguousarray(a) for a in scaled]
    return Normalised(regular, whites, " and ".join(dict.fromkeys(stored)))


def _shaped(array: Any, name: str, smallest: int) -> Any:
    """The images with four axes."""
    if not isinstance(array, StoredPixels):
        array = as_array(array, name)
    if array.dtype.kind not in "buif":
        raise DataError(
            f"{name} are of type {array.dtype}, which is no pixel value. Store them as numbers."
        )
    if array.ndim not in (3, 4):
        raise DataError(
            f"{name} have the shape {array.shape}; give (N, H, W) or (N, H, W, channels)."
        )
    if array.ndim == 3:
        array = changed(array, lambda a: a[..., np.newaxis], (*array.shape[1:], 1), array.dtype)
    count, height, width, channels = array.shape
    if count == 0 or channels == 0:
        raise DataError(f"{name} are empty, of shape {array.shape}. Give at least one image.")
    if height < smallest or width < smallest:
        hint = "Make them larger."
        if height < smallest <= min(width, channels):
            hint = "If their channels come first, move them last: numpy.moveaxis(x, 1, -1)."
        raise DataError(
            f"{name} have the shape {array.shape}: {height}x{width} pixels, smaller than "
            f"{smallest}x{smallest}. {hint}"
        )
    return array


def _range(images: Any, name: str) -> tuple[float, float]:
    """The smallest and the largest value, all of them finite.

    Of bytes it is enough to know that one is no mask's, and not dark: see `white_of`.
    """
    lows, highs, seen = [], [], 0
    wrong, first = 0, None
    for part in parts_of(images):
        lows.append(part.min().item())
        highs.append(part.max().item())
        if part.dtype == np.uint8 and not dark(highs[-1], WHITE):
            break
        if not (np.isfinite(lows[-1]) and np.isfinite(highs[-1])):  # a NaN makes both NaN
            bad = ~np.isfinite(part)
            wrong += int(bad.sum())
            if first is None:
                first = seen + int(np.argmax(bad.any(axis=(1, 2, 3))))
        seen += len(part)
    if wrong:
        raise DataError(
            f"{name} hold {wrong} values that are NaN or infinite, the first in image {first} "
            "(counted from 0). Mend or drop those images."
        )
    return min(lows), max(highs)
