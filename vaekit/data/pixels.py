"""Pixels of any type, as the two that the kit works with: uint8, or float32 in [0, 1]."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from vaekit.data.scale import BYTE, MASK, Scale, derived_white, described, recorded_white
from vaekit.data.stored import Change, StoredPixels, changed, parts_of
from vaekit.errors import DataError
from vaekit.pixels import as_floats

SMALLEST = 8  # pixels on a side


class Regular(NamedTuple):
    """Pixels as the kit holds them, all of one type, and what they were.

    stored: how the source keeps them, for people. scale: what white was, by type.
    """

    arrays: list[Any]
    stored: str
    scale: Scale


def normalise(arrays: list[Any], names: list[str], scale: Scale | None = None) -> Regular:
    """The arrays as `(N, H, W, C)`, all uint8 or all float32 in [0, 1].

    arrays: images `(N, H, W)` or `(N, H, W, C)`, the splits of one data set; of `StoredPixels`,
    `StoredPixels` are made.
    names: what to call each in an error.
    scale: that of the run that they are for; None: derived from all arrays of one type together,
    so that a dark test set is scaled as its training set is.

    Raises `DataError` for what are no images, or none that fit the scale.
    """
    images = [_shaped(a, name) for a, name in zip(arrays, names, strict=True)]
    ranges = [_range(a, name) for a, name in zip(images, names, strict=True)]
    whites: dict[str, float] = {}
    for array, name in zip(images, names, strict=True):
        alike = [r for a, r in zip(images, ranges, strict=True) if a.dtype == array.dtype]
        low, high = min(r[0] for r in alike), max(r[1] for r in alike)
        whites[array.dtype.name] = (
            derived_white(array.dtype, low, high, name)
            if scale is None
            else recorded_white(scale, array.dtype, low, high, name)
        )
    scaled = [_scaled(array, whites[array.dtype.name]) for array in images]
    if len({a.dtype for a in scaled}) > 1:
        scaled = [changed(a, as_floats, a.shape[1:], np.float32) for a in scaled]
    regular = [a if isinstance(a, StoredPixels) else np.ascontiguousarray(a) for a in scaled]
    stored = dict.fromkeys(described(a.dtype, whites[a.dtype.name]) for a in images)
    return Regular(regular, " and ".join(stored), whites)


def _shaped(array: Any, name: str) -> Any:
    """The images with four axes."""
    if not isinstance(array, StoredPixels):
        array = np.asarray(array)
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
    if height < SMALLEST or width < SMALLEST:
        hint = "Make them larger."
        if height < SMALLEST <= min(width, channels):
            hint = "If their channels come first, move them last: numpy.moveaxis(x, 1, -1)."
        raise DataError(
            f"{name} have the shape {array.shape}: {height}x{width} pixels, smaller than "
            f"{SMALLEST}x{SMALLEST}. {hint}"
        )
    return array


def _range(images: Any, name: str) -> tuple[float, float]:
    """The smallest and the largest value, all of them finite.

    Of bytes it is enough to know that one is above 1: they are no masks then.
    """
    lows, highs, seen = [], [], 0
    wrong, first = 0, None
    for part in parts_of(images):
        lows.append(part.min().item())
        highs.append(part.max().item())
        if part.dtype == np.uint8 and highs[-1] > 1:
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


def _scaled(images: Any, white: float) -> Any:
    """Images in 0..white as uint8 where they are whole numbers up to 255, else as floats."""
    byte, real = np.dtype(np.uint8), np.dtype(np.float32)

    def mask(values: np.ndarray) -> np.ndarray:
        return values.astype(byte) * byte.type(255)

    def whole(values: np.ndarray) -> np.ndarray:
        return values.astype(byte, copy=False)

    def unit(values: np.ndarray) -> np.ndarray:
        return values.astype(real, copy=False)

    def divided(values: np.ndarray) -> np.ndarray:
        return values.astype(real) / real.type(white)

    change: Change
    if images.dtype.kind in "bui":
        change, dtype = {MASK: (mask, byte), BYTE: (whole, byte)}.get(white, (divided, real))
    else:
        change, dtype = (unit if white == 1 else divided), real
    return changed(images, change, images.shape[1:], dtype)
