"""Which images a metric takes, and how many at once."""

from __future__ import annotations

import math

import numpy as np

import vaekit

# Of 28x28: what wide feature maps of so many take fits beside the model.
_PIXELS_AT_ONCE = 1024 * 28 * 28


def rows_at_once(image_shape: tuple[int, int, int]) -> int:
    """How many images of this shape may be decoded at once."""
    return max(1, _PIXELS_AT_ONCE // math.prod(image_shape[:2]))


def chosen(images: vaekit.Images, most: int, seed: int) -> vaekit.Images:
    """At most so many of the images, drawn by the seed, in their order."""
    count = len(images.pixels)
    if count <= most:
        return images
    which = np.sort(np.random.default_rng(seed).choice(count, most, replace=False))
    labels = None if images.labels is None else images.labels[which]
    return vaekit.Images(images.pixels[which], labels)
