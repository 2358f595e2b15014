"""A data set mended and written as an `.npz`: images stretched to the whole range, or each once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from vaekit.atomic import write_whole
from vaekit.errors import DataError
from vaekit.pixels import as_floats
from vaekit.types import Dataset

Mend = Literal["stretch", "distinct"]
MENDS: tuple[Mend, ...] = get_args(Mend)


def write_mended(dataset: Dataset, mend: Mend, out: Path) -> int:
    """Write all images of a data set, those of its test set too, as `images` and `labels`.

    stretch: the darkest value becomes 0 and the brightest 1. distinct: of images that are equal,
    the first.

    Returns how many there are. Raises `DataError` where nothing would be left to learn from, or if
    `out` doesn't end in .npz.
    """
    if out.suffix.lower() != ".npz":
        raise DataError(f"{out} is to hold arrays: end its name in .npz.")
    splits = [images for images in (dataset.train, dataset.test) if images is not None]
    pixels = np.concatenate([np.asarray(images.pixels[:]) for images in splits])
    kept = np.arange(len(pixels))
    arrays: dict[str, np.ndarray] = {}
    pixels, kept = _MENDED[mend](pixels, kept)
    arrays["images"] = pixels
    if all(images.labels is not None for images in splits):
        arrays["labels"] = np.concatenate([images.labels for images in splits])[kept]
    write_whole(out, lambda path: np.savez_compressed(path, allow_pickle=False, **arrays))
    return len(pixels)


def _stretched(pixels: np.ndarray, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    floats = as_floats(pixels)
    low, high = float(floats.min()), float(floats.max())
    if low == high:
        raise DataError(f"All pixels are {low:g}, so there is no range to stretch.")
    return (floats - low) / (high - low), kept


def _distinct(pixels: np.ndarray, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rows = (row.tobytes() for row in pixels)
    first = {row: number for number, row in reversed(list(enumerate(rows)))}
    kept = np.sort(np.fromiter(first.values(), int))
    return pixels[kept], kept


_MENDED: Mapping[Mend, Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]] = {
    "stretch": _stretched,
    "distinct": _distinct,
}
