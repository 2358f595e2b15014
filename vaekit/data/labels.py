"""Labels of any whole-number type, as int64."""

from __future__ import annotations

from typing import Any

import numpy as np

from vaekit.errors import DataError


def check_labels(labels: Any, count: int, name: str) -> np.ndarray:
    """The labels as int64 `(count,)`; `(count, 1)` and floats that are whole are taken too.

    name: what to call them in an error. Raises `DataError` if they are anything else.
    """
    labels = np.asarray(labels)
    if labels.ndim == 2 and labels.shape[1] == 1:  # Keras's CIFAR
        labels = labels[:, 0]
    if labels.ndim != 1:
        raise DataError(f"{name} have the shape {labels.shape}; give one whole number an image.")
    if len(labels) != count:
        raise DataError(
            f"{name} are {len(labels)}, but there are {count} images. Do they belong together?"
        )
    if labels.dtype.kind not in "bui" and not _whole(labels):
        raise DataError(
            f"{name} are of type {labels.dtype}, not whole numbers. Number the classes from 0."
        )
    numbers: np.ndarray = labels.astype(np.int64, copy=False)
    return numbers


def _whole(labels: np.ndarray) -> bool:
    """Whether these are floats that an integer holds exactly."""
    if labels.dtype.kind != "f":
        return False
    wide = labels.astype(np.float64)
    return bool((np.abs(wide) < 2**53).all()) and bool((wide % 1 == 0).all())
