"""Pixels of a Laplace law, whose error is absolute."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from vaekit.distributions.likelihoods.likelihood import PIXELS
from vaekit.types import ImageShape, Tensor


@dataclass(frozen=True)
class Laplace:
    """Independent Laplace pixels of one fixed scale b = `sigma`; the reconstruction is means.

    Their standard deviation is sqrt(2) b. The reconstruction is the median of what z leaves open,
    so that few large errors count for less than under a normal law.
    """

    sigma: float

    scale = "mean"

    def describe(self, image_shape: ImageShape) -> str:
        """As `Bernoulli.describe`."""
        return f"values of a Laplace law with scale {self.sigma:.3g}"

    def log_prob(self, x: Tensor, reconstruction: Tensor) -> Tensor:
        """Sum over pixels and channels of -abs(x - reconstruction) / b - log 2b."""
        terms = ops.abs(x - reconstruction) / self.sigma + math.log(2.0 * self.sigma)
        return -ops.sum(terms, axis=PIXELS)

    def sample(self, reconstruction: Tensor, seed: Any) -> Tensor:
        """Images, of medians: apart from them by the difference of two exponential values."""
        uniform = keras.random.uniform((2, *ops.shape(reconstruction)), seed=seed)
        less, more = ops.unstack(self.sigma * ops.log1p(-uniform), axis=0)
        return reconstruction + less - more
