"""Pixels of any type, as the two that the kit works with: uint8, or float32 in [0, 1]."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from vaekit.data.stored import Change, StoredPixels, changed, parts_of
from vaekit.errors import DataError

SMALLEST = 8  # pixels on a side
MASK = "0 and 1"  # the range of a set of masks, as it is said to be stored


class _Scale(NamedTuple):
    """How values become pixels of `dtype`, and what they were, for people."""

    change: Change
    dtype: np.dtype[Any]
    was: str


def normalise(arrays: list[Any], names: list[str]) -> tuple[list[Any], str]:
    """The arrays as `(N, H, W, C)`, all uint8 or all float32 in [0, 1], and how they were stored.

    arrays: images `(N, H, W)` or `(N, H, W, C)`, the splits of one data set; of `StoredPixels`,
    `StoredPixels` are made.
    names: what to call each in an error.

    - whole numbers within 0..255 become uint8; where none is above 1 they are masks, and 1 is
      white. So is True.
    - uint16 with values above 255 is divided by 65535.
    - floats within 0..1 stay; floats within 0..255 are divided by 255.

    The range is that of all arrays of one type together, so that a dark test set is scaled as its
    training set is. Raises `DataError` for everything else.
    """
    images = [_shaped(a, name) for a, name in zip(arrays, names, strict=True)]
    ranges = [_range(a, name) for a, name in zip(images, names, strict=True)]
    scaled, stored = [], []
    for array, name in zip(images, names, strict=True):
        alike = [r for a, r in zip(images, ranges, strict=True) if a.dtype == array.dtype]
        low, high = min(r[0] for r in alike), max(r[1] for r in alike)
        scale = _scale(array.dtype, low, high, name)
        scaled.append(changed(array, scale.change, array.shape[1:], scale.dtype))
        stored.append(scale.was)
    if len({a.dtype for a in scaled}) > 1:
        scaled = [changed(a, as_float, a.shape[1:], np.float32) for a in scaled]
    regular = [a if isinstance(a, StoredPixels) else np.ascontiguousarray(a) for a in scaled]
    return regular, " and ".join(dict.fromkeys(stored))


def as_float(pixels: np.ndarray) -> np.ndarray:
    """The pixels as float32 in [0, 1]."""
    return pixels.astype(np.float32) / np.float32(255) if pixels.dtype == np.uint8 else pixels


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

    Of bytes it is enough to know that one is above 1: see `_scale`.
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


def _scale(dtype: np.dtype[Any], low: float, high: float, name: str) -> _Scale:
    """How values of this type and range become uint8, or float32 in [0, 1]."""
    kind, byte, real = dtype.kind, np.dtype(np.uint8), np.dtype(np.float32)
    if kind == "b" or (kind in "ui" and low >= 0 and high <= 1):
        return _Scale(lambda a: a.astype(byte) * np.uint8(255), byte, f"{dtype}, {MASK}")
    if kind in "ui" and low >= 0 and high <= 255:
        return _Scale(lambda a: a.astype(byte, copy=False), byte, f"{dtype}, 0..255")
    if dtype.kind == "u" and dtype.itemsize == 2:
        return _Scale(lambda a: a.astype(real) / real.type(65535), real, f"{dtype}, 0..65535")
    if kind == "f" and low >= 0 and high <= 1:
        return _Scale(lambda a: a.astype(real, copy=False), real, f"{dtype}, 0..1")
    # A float just above 1 is a picture in 0..1 that was resampled, not a nearly black one.
    if kind == "f" and low >= 0 and 2 <= high <= 255:
        return _Scale(lambda a: a.astype(real) / real.type(255), real, f"{dtype}, 0..255")
    raise DataError(
        f"{name} hold values from {low:.9g} to {high:.9g}, which is neither 0..1 nor 0..255. Scale "
        "them first."
    )
