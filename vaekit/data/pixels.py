"""Pixels of any type, as the two that the kit works with: uint8, or float32 in [0, 1]."""

from __future__ import annotations

from typing import Any

import numpy as np

from vaekit.errors import DataError

SMALLEST = 8  # pixels on a side
MASK = "0 and 1"  # the range of a set of masks, as it is said to be stored


def normalise(arrays: list[Any], names: list[str]) -> tuple[list[np.ndarray], str]:
    """The arrays as `(N, H, W, C)`, all uint8 or all float32 in [0, 1], and how they were stored.

    arrays: images `(N, H, W)` or `(N, H, W, C)`, the splits of one data set.
    names: what to call each in an error.

    - whole numbers within 0..255 become uint8; where none is above 1 they are masks, and 1 is
      white. So is True.
    - uint16 with values above 255 is divided by 65535.
    - floats within 0..1 stay; floats within 0..255 are divided by 255.

    The range is that of all arrays of one type together, so that a dark test set is scaled as its
    training set is. Raises `DataError` for everything else.
    """
    images = [_shaped(np.asarray(a), name) for a, name in zip(arrays, names, strict=True)]
    ranges = [_range(a, name) for a, name in zip(images, names, strict=True)]
    scaled, stored = [], []
    for array, name in zip(images, names, strict=True):
        alike = [r for a, r in zip(images, ranges, strict=True) if a.dtype == array.dtype]
        low, high = min(r[0] for r in alike), max(r[1] for r in alike)
        pixels, text = _scaled(array, low, high, name)
        scaled.append(pixels)
        stored.append(text)
    if len({a.dtype for a in scaled}) > 1:
        scaled = [as_float(a) for a in scaled]
    return [np.ascontiguousarray(a) for a in scaled], " and ".join(dict.fromkeys(stored))


def as_float(pixels: np.ndarray) -> np.ndarray:
    """The pixels as float32 in [0, 1]."""
    return pixels.astype(np.float32) / np.float32(255) if pixels.dtype == np.uint8 else pixels


def _shaped(array: np.ndarray, name: str) -> np.ndarray:
    """The array with four axes."""
    if array.dtype.kind not in "buif":
        raise DataError(
            f"{name} are of type {array.dtype}, which is no pixel value. Store them as numbers."
        )
    if array.ndim not in (3, 4):
        raise DataError(
            f"{name} have the shape {array.shape}; give (N, H, W) or (N, H, W, channels)."
        )
    if array.ndim == 3:
        array = array[..., np.newaxis]
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


def _range(array: np.ndarray, name: str) -> tuple[float, float]:
    """The smallest and the largest value, all of them finite."""
    low, high = array.min(), array.max()
    if not (np.isfinite(low) and np.isfinite(high)):  # a NaN anywhere makes both NaN
        wrong = ~np.isfinite(array)
        first = int(np.argmax(wrong.any(axis=(1, 2, 3))))
        raise DataError(
            f"{name} hold {int(wrong.sum())} values that are NaN or infinite, the first in image "
            f"{first} (counted from 0). Mend or drop those images."
        )
    return low.item(), high.item()


def _scaled(array: np.ndarray, low: float, high: float, name: str) -> tuple[np.ndarray, str]:
    """The array as uint8, or as float32 in [0, 1], and its old type and range."""
    dtype, kind = array.dtype, array.dtype.kind
    if kind == "b" or (kind in "ui" and low >= 0 and high <= 1):
        return array.astype(np.uint8) * np.uint8(255), f"{dtype}, {MASK}"
    if kind in "ui" and low >= 0 and high <= 255:
        return array.astype(np.uint8, copy=False), f"{dtype}, 0..255"
    if dtype.kind == "u" and dtype.itemsize == 2:
        return array.astype(np.float32) / np.float32(65535), f"{dtype}, 0..65535"
    if kind == "f" and low >= 0 and high <= 1:
        return array.astype(np.float32, copy=False), f"{dtype}, 0..1"
    # A float just above 1 is a picture in 0..1 that was resampled, not a nearly black one.
    if kind == "f" and low >= 0 and 2 <= high <= 255:
        return array.astype(np.float32) / np.float32(255), f"{dtype}, 0..255"
    raise DataError(
        f"{name} hold values from {low:.9g} to {high:.9g}, which is neither 0..1 nor 0..255. Scale "
        "them first."
    )
