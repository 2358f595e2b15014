"""Arrays as a data set."""

from __future__ import annotations

from typing import Any

from vaekit.data.check import checked
from vaekit.data.coerce import as_array
from vaekit.data.pixels import normalise
from vaekit.data.scale import Scale
from vaekit.errors import DataError
from vaekit.types import Dataset, Images, Pixels


def as_dataset(data: Any, *, scale: Scale | None = None) -> Dataset:
    """Arrays as a checked `Dataset` whose source is "array"; a `Dataset` is only checked.

    data: images `(N, H, W)` or `(N, H, W, C)`; a pair (images, labels); a pair (train, test) of
    images; or Keras's pair of pairs, `((x_train, y_train), (x_test, y_test))`.
    scale: that of the run that they are for; None: it is taken from them.

    Raises `DataError` for anything else.
    """
    if isinstance(data, Dataset):
        return checked(data, scale)
    train, test = _parts(data)
    return checked(Dataset("array", train, test), scale)


def as_pixels(images: Any, scale: Scale) -> Pixels:
    """Images `(N, H, W)` or `(N, H, W, C)` for a run of this scale, as a `Dataset` holds them.

    Raises `DataError` for what is no array of images, and for values that the scale can't take.
    """
    pixels: Pixels = normalise([images], ["The images"], scale).arrays[0]
    return pixels


def _parts(data: Any) -> tuple[Images, Images | None]:
    if isinstance(data, Images):
        return data, None
    if not isinstance(data, (tuple, list)):
        return Images(as_array(data)), None
    if len(data) == 2:
        train, test = map(_labelled, data)
        if train is not None and test is not None:
            return train, test
        first, second = (None if part is None else as_array(part) for part in data)
        if first is not None and first.ndim >= 3:
            # Labels have one axis, or two if one-hot or Keras's (N, 1): images have three or four.
            if second is not None and second.ndim >= 3:
                return Images(first), Images(second)
            return Images(first, second), None
    raise DataError(
        f"A {type(data).__name__} of {len(data)} is no data. Give an array of images, a pair "
        "(images, labels), or ((x_train, y_train), (x_test, y_test))."
    )


def _labelled(part: Any) -> Images | None:
    """A pair (images, labels); None for two images, or whatever else."""
    if not isinstance(part, tuple | list) or len(part) != 2:
        return None
    images, labels = (None if array is None else as_array(array) for array in part)
    if images is None or images.ndim < 3 or (labels is not None and labels.ndim not in (1, 2)):
        return None
    return Images(images, labels)
