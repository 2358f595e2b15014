"""Normal pixels of one standard deviation, which is learned."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from vaekit.distributions.likelihoods.likelihood import PIXELS
from vaekit.distributions.likelihoods.optimal_gaussian import LEAST_LOG_SIGMA
from vaekit.distributions.normal import DiagonalNormal, normal_log_prob
from vaekit.types import ImageShape, Tensor


class LearnedGaussian:
    """Independent normal pixels of one standard deviation, which moves with the decoder.

    Rybkin, Daniilidis and Levine, "Simple and Effective VAE Training with Calibrated Decoders"
    (arXiv:2006.13202), section 3.1: sigma-VAE, whose best sigma is the root of the mean squared
    error. By Adam, log sigma moves by about the learning rate a step; `OptimalGaussian` is there at
    once.

    sigma: where it begins.
    log_sigma: the logarithm of the standard deviation that is learned; to its square the least
        variance is added, for images that are soon exact.
    """

    scale = "mean"

    def __init__(self, sigma: float) -> None:
        self.log_sigma = keras.Variable(np.float32(math.log(sigma)), name="log_sigma")

    def describe(self, image_shape: ImageShape) -> str:
        """As `Bernoulli.describe`."""
        return "values that are normal with one sigma, which is learned"

    def log_prob(self, x: Tensor, reconstruction: Tensor) -> Tensor:
        """Sum over pixels and channels of log N(x; reconstruction, sigma^2)."""
        return ops.sum(normal_log_prob(x, reconstruction, self._log_var), axis=PIXELS)

    def sample(self, reconstruction: Tensor, seed: Any) -> Tensor:
        """Images, of means."""
        return DiagonalNormal(reconstruction, self._log_var).sample(seed)

    @property
    def _log_var(self) -> Tensor:
        return bounded_log_var(2.0 * self.log_sigma)


def bounded_log_var(log_var: Tensor) -> Tensor:
    """The logarithm of a variance with the least one added, so that its gradient never ends."""
    least = 2.0 * LEAST_LOG_SIGMA
    return least + ops.softplus(log_var - least)
