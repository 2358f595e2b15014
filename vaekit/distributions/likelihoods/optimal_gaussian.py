"""Normal pixels whose variance follows the reconstruction's error.

Rybkin, Daniilidis and Levine, "Simple and Effective VAE Training with Calibrated Decoders"
(arXiv:2006.13202, "optimal sigma-VAE"): of all variances that pixels might share, the mean squared
error makes them most likely, so that no weight between reconstruction and KL is left to choose.
They take each batch's own error; here it is that of the last batches of training, so that held-out
images are judged by a variance that doesn't know them.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from vaekit.distributions.likelihoods.likelihood import PIXELS
from vaekit.distributions.normal import DiagonalNormal, normal_log_prob
from vaekit.types import ImageShape, Tensor

# Of the newest batch in the mean squared error, which is thus that of some 50 batches.
_SHARE = 0.02
# The least log sigma, as the authors have it: images of one colour are soon exact.
LEAST_LOG_SIGMA = -6.0


class OptimalGaussian:
    """Independent normal pixels of one standard deviation, which is the error of late.

    variance: the running mean squared error of a pixel, with the `updates` that it has seen.
    """

    scale = "mean"

    def __init__(self) -> None:
        self.variance = keras.Variable(1.0, trainable=False, name="variance")
        self.updates = keras.Variable(0.0, trainable=False, name="updates")

    def describe(self, image_shape: ImageShape) -> str:
        """As `Bernoulli.describe`."""
        return "values that are normal with one sigma, which follows the error"

    def follow(self, x: Tensor, reconstruction: Tensor) -> None:
        """Take a batch's error into the running one; the first batch's is taken whole."""
        error = ops.mean(ops.square(x - ops.stop_gradient(reconstruction)))
        updates = self.updates + 1.0
        share = ops.maximum(_SHARE, 2.0 / (updates + 1.0))
        self.variance.assign(self.variance + share * (error - self.variance))
        self.updates.assign(updates)

    def log_prob(self, x: Tensor, reconstruction: Tensor) -> Tensor:
        """Sum over pixels and channels of log N(x; reconstruction, variance)."""
        return ops.sum(normal_log_prob(x, reconstruction, self._log_var), axis=PIXELS)

    def sample(self, reconstruction: Tensor, seed: Any) -> Tensor:
        """Images, of means."""
        return DiagonalNormal(reconstruction, self._log_var).sample(seed)

    @property
    def _log_var(self) -> Tensor:
        return ops.log(ops.maximum(self.variance, math.exp(2.0 * LEAST_LOG_SIGMA)))
