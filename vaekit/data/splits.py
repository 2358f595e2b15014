"""The training and the validation images of a data set."""

from __future__ import annotations

import numpy as np

from vaekit.data.stored import StoredPixels
from vaekit.errors import DataError, OptionError
from vaekit.types import Dataset, Images

_STREAM = 0x5_9117  # sets this draw apart from others that are keyed by the same seed


def split(
    dataset: Dataset, *, share: float, seed: int, limit: int | None = None
) -> tuple[Images, Images]:
    """The images to train on and those to validate on; at least one each.

    The validation images are the source's own test set. Where it has none, they are a `share` of
    its images, drawn by `seed` alone: the same seed gives the same split on every machine.

    share: between 0 and 1, both excluded.
    limit: keep only the first so many of each part, after the split.

    Raises `OptionError` for a share or limit out of range, `DataError` for a single image.
    """
    if not 0 < share < 1:
        raise OptionError(f"The validation share is {share}; it must lie between 0 and 1.")
    if limit is not None and limit < 1:
        raise OptionError(f"The limit is {limit}; keep at least 1 image.")
    if dataset.test is not None:
        return take(dataset.train, slice(limit)), take(dataset.test, slice(limit))
    count = len(dataset.train.pixels)
    if count < 2:
        raise DataError(
            f"{dataset.source} holds a single image, so none is left to validate on. Give at "
            "least 2."
        )
    held_out = min(max(round(share * count), 1), count - 1)
    bits = np.random.Philox(key=np.array([_STREAM, seed % 2**64], np.uint64))
    # As `permutation(count)`, in half the memory where 32 bits are enough.
    order = np.arange(count, dtype=np.int32 if count < 2**31 else np.int64)
    np.random.Generator(bits).shuffle(order)
    return (
        take(dataset.train, order[held_out:][:limit]),
        take(dataset.train, order[:held_out][:limit]),
    )


def take(images: Images, which: slice | np.ndarray) -> Images:
    """Only the images of a slice, or of these numbers; stored ones stay where they are."""
    pixels, *columns = images
    return Images(
        pixels.view(which) if isinstance(pixels, StoredPixels) else pixels[which],
        *(None if column is None else column[which] for column in columns),
    )
