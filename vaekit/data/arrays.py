"""Arrays as a data set."""

from __future__ import annotations

from typing import Any

import numpy as np

from vaekit.data.check import checked
from vaekit.data.scale import Scale
from vaekit.errors import DataError
from vaekit.types import Dataset, Images


def as_dataset(data: Any, scale: Scale | None = None) -> Dataset:
    """Arrays as a checked `Dataset` whose source is "array"; a `Dataset` is only checked.

    data: images `(N, H, W)` or `(N, H, W, C)`; a pair (images, labels); a pair (train, test) of
    images; or Keras's pair of pairs, `((x_train, y_train), (x_test, y_test))`.
    scale: that of the run that they are for; None: their own.

    Raises `DataError` for anything else.
    """
    if isinstance(data, Dataset):
        return checked(data, scale)
    train, test = _parts(data)
    return checked(Dataset("array", train, test), scale)


def _parts(data: Any) -> tuple[Images, Images | None]:
    if isinstance(data, Images):
        return data, None
    if not isinstance(data, (tuple, list)):
        return Images(_array(data)), None
    if len(data) == 2 and all(isinstance(part, (tuple, list)) and len(part) == 2 for part in data):
        return Images(*map(_array, data[0])), Images(*map(_array, data[1]))
    if len(data) == 2 and hasattr(data[0], "shape"):
        first, second = map(_array, data)
        # Labels have one axis, or two if one-hot or Keras's (N, 1): images have three or four.
        if second is not None and second.ndim >= 3:
            return Images(first), Images(second)
        return Images(first, second), None
    raise DataError(
        f"A {type(data).__name__} of {len(data)} is no data. Give an array of images, a pair "
        "(images, labels), or ((x_train, y_train), (x_test, y_test))."
    )


def _array(part: Any) -> Any:
    try:
        return None if part is None else np.asarray(part)
    except (TypeError, ValueError) as error:  # ragged, or a tensor on another device
        raise DataError(f"A {type(part).__name__} can't be taken as an array: {error}.") from error
