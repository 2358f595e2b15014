"""Labels of any whole-number type, as int64."""

from __future__ import annotations

from typing import Any

import numpy as np

from vaekit.data.coerce import as_array
from vaekit.errors import DataError

_MOST = 2**63 - 1  # of int64


def check_labels(labels: Any, count: int, name: str) -> np.ndarray:
    """The labels as int64 `(count,)`; `(count, 1)` and floats that are whole are taken too.

    name: what to call them in an error. Raises `DataError` if they are anything else.
    """
    labels = as_array(labels, name)
    if labels.ndim == 2 and labels.shape[1] == 1:  # Keras's CIFAR
        labels = labels[:, 0]
    if labels.ndim != 1:
        raise DataError(f"{name} have the shape {labels.shape}; give one whole number an image.")
    if len(labels) != count:
        raise DataError(
            f"{name} are {len(labels)}, but there are {count} images. Do they belong together?"
        )
    if labels.dtype.kind not in "bui" and not whole(labels):
        raise DataError(
            f"{name} are of type {labels.dtype}, not whole numbers. Number the classes from 0."
        )
    if labels.dtype.kind == "u" and labels.max() > _MOST:
        raise DataError(
            f"{name} go up to {labels.max()}, more than {_MOST}. Number the classes from 0."
        )
    numbers: np.ndarray = labels.astype(np.int64, copy=False)
    return numbers


def whole(values: np.ndarray) -> bool:
    """Whether these are floats that an integer holds exactly."""
    if values.dtype.kind != "f":
        return False
    wide = values.astype(np.result_type(values.dtype, np.float64))  # a half can't be as large
    return bool((np.abs(wide) < 2**53).all()) and bool((wide % 1 == 0).all())
