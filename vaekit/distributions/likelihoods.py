"""p(x|z) of an image: log-probabilities in nats, summed over pixels and channels.

Images have shape `(..., H, W, C)`; a log-probability sums over the last three axes and keeps the
rest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Protocol

from keras import ops

from vaekit.distributions.normal import normal_log_prob
from vaekit.types import ImageShape, Tensor

_PIXELS = (-3, -2, -1)


class Likelihood(Protocol):
    """log p(x|z) of an image, given what the decoder made of z.

    It may have `describe(image_shape) -> str`, as `Gaussian` has, for what is said where training
    begins.
    """

    @property
    def scale(self) -> str:
        """What the reconstruction must be: "mean" or "logits"."""

    def log_prob(self, x: Tensor, reconstruction: Tensor) -> Tensor:
        """Log p(x|z) in nats, one value an image."""


@dataclass(frozen=True)
class Bernoulli:
    """Independent Bernoulli pixels; the reconstruction is logits.

    For grey pixels in (0, 1) this is the negative cross-entropy, the field's usual stand-in; only
    for black-and-white ones is it a log-probability.
    """

    scale = "logits"

    def describe(self, image_shape: ImageShape) -> str:
        """Values of which law it takes an image to be made of, in words."""
        return "values that are Bernoulli"

    def log_prob(self, x: Tensor, reconstruction: Tensor) -> Tensor:
        """x l - log(1 + exp(l)), summed over pixels and channels."""
        terms = x * reconstruction - ops.softplus(reconstruction)
        return ops.sum(terms, axis=_PIXELS)


@dataclass(frozen=True)
class Gaussian:
    """Independent normal pixels of one fixed standard deviation; the reconstruction is means."""

    sigma: float

    scale = "mean"

    def describe(self, image_shape: ImageShape) -> str:
        """As `Bernoulli.describe`."""
        return f"values that are normal with sigma {self.sigma:.3g}"

    def log_prob(self, x: Tensor, reconstruction: Tensor) -> Tensor:
        """Sum over pixels and channels of log N(x; reconstruction, sigma^2)."""
        log_var = 2.0 * math.log(self.sigma)
        return ops.sum(normal_log_prob(x, reconstruction, log_var), axis=_PIXELS)


LikelihoodName = Literal["bernoulli", "gaussian"]


def likelihood_named(name: LikelihoodName, sigma: float) -> Likelihood:
    """The likelihood of an option `likelihood`, which any loss may have.

    sigma: the standard deviation of the Gaussian.
    """
    return Bernoulli() if name == "bernoulli" else Gaussian(sigma)
