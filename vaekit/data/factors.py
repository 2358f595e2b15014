"""Factors of images: what each was drawn from, factor by factor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from vaekit.data.coerce import as_array
from vaekit.data.labels import whole
from vaekit.errors import DataError
from vaekit.types import Dataset


def check_factors(factors: Any, count: int, name: str) -> np.ndarray:
    """The factors as int64 `(count, F)`; floats that are whole are taken too.

    name: what to call them in an error. Raises `DataError` if they are anything else.
    """
    values = as_array(factors, name)
    if values.ndim != 2 or not values.shape[1]:
        raise DataError(
            f"{name} have the shape {values.shape}; give (N, F), a whole number an image and "
            "factor."
        )
    if len(values) != count:
        raise DataError(
            f"{name} are those of {len(values)} images, but there are {count}. Do they belong "
            "together?"
        )
    if values.dtype.kind not in "bui" and not whole(values):
        raise DataError(
            f"{name} are of type {values.dtype}, not whole numbers. Number each factor's values "
            "from 0."
        )
    numbers: np.ndarray = values.astype(np.int64, copy=False)
    if numbers.min() < 0:
        raise DataError(f"{name} hold {numbers.min()}. Number each factor's values from 0.")
    return numbers


def check_sizes(raw: Dataset, by_split: Mapping[str, np.ndarray], of: str) -> dict[str, int]:
    """How many values each factor has, by its name: those of `raw`, or else as they are met.

    by_split: the checked factors of each split that tells them. of: the data set, in an error.

    Factors without a name are `factor_1`, `factor_2`, ...

    Raises `DataError` where names and factors don't belong together, and for a factor beyond its
    size.
    """
    if not by_split:
        if raw.factors:
            raise DataError(
                f"{of} names factors ({', '.join(raw.factors)}), and no image tells them. Give "
                "`Images.factors` too."
            )
        return {}
    widths = {split: values.shape[1] for split, values in by_split.items()}
    if len(set(widths.values())) > 1:
        raise DataError(
            f"The images of {of} have {widths['train']} factors, its test images "
            f"{widths['test']}. Give each the same."
        )
    tops = np.max([values.max(axis=0) for values in by_split.values()], axis=0).tolist()
    if not raw.factors:
        return {f"factor_{number}": top + 1 for number, top in enumerate(tops, start=1)}
    if len(raw.factors) != len(tops):
        raise DataError(
            f"The images of {of} have {len(tops)} factors, and the names are "
            f"{', '.join(raw.factors)}. Name one a column."
        )
    for (name, size), top in zip(raw.factors.items(), tops, strict=True):
        if top >= size:
            raise DataError(
                f"The factor {name!r} of {of} goes up to {top}, beyond its size of {size}. Number "
                "its values from 0."
            )
    return {str(name): int(size) for name, size in raw.factors.items()}
