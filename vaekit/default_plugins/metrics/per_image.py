"""Figures that are means over images."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

import vaekit

# Of 28x28: what wide feature maps of so many take fits beside the model.
_PIXELS_AT_ONCE = 1024 * 28 * 28


def mean_of(
    values: np.ndarray,
    unit: str,
    better: Literal["higher", "lower", ""],
    estimator: str,
    note: str = "",
) -> vaekit.Estimate:
    """The mean of a value of each image, `(N,)`, and its standard error; of one image, none."""
    values = values.astype("float64")
    count = len(values)
    error = float(values.std(ddof=1) / math.sqrt(count)) if count > 1 else None
    return vaekit.Estimate(float(values.mean()), unit, better, error, estimator, note)


def rows_at_once(image_shape: tuple[int, int, int]) -> int:
    """How many images of this shape may be decoded at once."""
    return max(1, _PIXELS_AT_ONCE // math.prod(image_shape[:2]))


def chosen(images: vaekit.Images, most: int, seed: int) -> vaekit.Images:
    """At most so many of the images, drawn by the seed, in their order."""
    count = len(images.pixels)
    if count <= most:
        return images
    which = np.sort(np.random.default_rng(seed).choice(count, most, replace=False))
    parts = (None if part is None else part[which] for part in images)
    return vaekit.Images(*parts)
