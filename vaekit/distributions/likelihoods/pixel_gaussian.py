"""Normal pixels, each of a variance that the decoder gives."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from keras import ops

from vaekit.distributions.likelihoods.learned_gaussian import bounded_log_var
from vaekit.distributions.likelihoods.likelihood import PIXELS
from vaekit.distributions.normal import DiagonalNormal, normal_log_prob
from vaekit.types import ImageShape, Tensor


@dataclass(frozen=True)
class PixelGaussian:
    """Independent normal pixels, each of its own mean and variance.

    The parameters are the means' logits, so that means lie in [0, 1], and the logarithms of the
    variances, counted from that of `sigma`, to which the least variance is added: a pixel that is
    the same in all images would have none. Kingma and Welling, "Auto-Encoding Variational Bayes"
    (arXiv:1312.6114), appendix C.2.

    sigma: the standard deviation where the decoder gives 0, as it does about at its start.
    """

    sigma: float

    scale = "parameters"

    def describe(self, image_shape: ImageShape) -> str:
        """As `Bernoulli.describe`."""
        return "values that are normal, each of a sigma that the decoder gives"

    def channels(self, image_channels: int) -> int:
        """A mean and a variance of each value."""
        return 2 * image_channels

    def mean(self, parameters: Tensor) -> Tensor:
        """The means of the pixels."""
        logits, _ = ops.split(parameters, 2, axis=-1)
        return ops.sigmoid(logits)

    def log_prob(self, x: Tensor, reconstruction: Tensor) -> Tensor:
        """Sum over pixels and channels of log N(x; mean, sigma_i^2)."""
        return ops.sum(normal_log_prob(x, *self._law(reconstruction)), axis=PIXELS)

    def sample(self, reconstruction: Tensor, seed: Any) -> Tensor:
        """Images, of parameters."""
        return self._law(reconstruction).sample(seed)

    def _law(self, parameters: Tensor) -> DiagonalNormal:
        logits, log_var = ops.split(parameters, 2, axis=-1)
        log_var = bounded_log_var(log_var + 2.0 * math.log(self.sigma))
        return DiagonalNormal(ops.sigmoid(logits), log_var)
