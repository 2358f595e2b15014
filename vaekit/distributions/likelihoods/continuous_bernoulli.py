"""Grey pixels of a law between black and white: the Bernoulli likelihood, normalised.

Loaiza-Ganem and Cunningham, "The continuous Bernoulli: fixing a pervasive error in variational
autoencoders" (arXiv:1907.06845): p(x) = C(lambda) lambda^x (1 - lambda)^(1 - x) on [0, 1], where
C(lambda) = 2 artanh(1 - 2 lambda) / (1 - 2 lambda), and 2 at lambda = 1/2.

All of it is in terms of the logit l = log lambda - log(1 - lambda), by which C = l / tanh(l / 2).
Near l = 0, where that and the mean are 0/0, their series are taken: of 6th and 5th order, right to
float32's last place within |l| < 1/2, where differences would lose half of the places.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from vaekit.distributions.likelihoods.likelihood import PIXELS
from vaekit.types import ImageShape, Tensor

_NEAR = 0.5
_FLAT = 1e-3  # a logit whose density is 1 to within so much


@dataclass(frozen=True)
class ContinuousBernoulli:
    """Independent continuous Bernoulli pixels; the parameters are the logits of their lambdas.

    A pixel's mean isn't lambda: it is nearer to 1/2.
    """

    scale = "parameters"

    def describe(self, image_shape: ImageShape) -> str:
        """As `Bernoulli.describe`."""
        return "values in [0, 1] that are continuous Bernoulli"

    def channels(self, image_channels: int) -> int:
        """A logit of each value."""
        return image_channels

    def mean(self, parameters: Tensor) -> Tensor:
        """lambda / (2 lambda - 1) + 1 / (2 artanh(1 - 2 lambda)) = 1 / (1 - exp(-l)) - 1 / l."""
        square = ops.square(parameters)
        near = 0.5 + parameters * (1.0 / 12.0 - square / 720.0 + ops.square(square) / 30240.0)
        # Of |l|, since exp of a large number is none; the mean of -l is the rest to 1.
        size = ops.maximum(ops.absolute(parameters), _NEAR)
        over = 1.0 / (1.0 - ops.exp(-size)) - 1.0 / size - 0.5
        far = 0.5 + ops.sign(parameters) * over
        return ops.where(ops.absolute(parameters) < _NEAR, near, far)

    def log_prob(self, x: Tensor, reconstruction: Tensor) -> Tensor:
        """x l - log(1 + exp(l)) + log C, summed over pixels and channels."""
        terms = x * reconstruction - ops.softplus(reconstruction) + log_normaliser(reconstruction)
        return ops.sum(terms, axis=PIXELS)

    def sample(self, reconstruction: Tensor, seed: Any) -> Tensor:
        """Images, of logits: where the distribution function, (exp(l x) - 1) / (exp(l) - 1), is u.

        Of `-abs(l)`, since exp of a large number is none; that of l is its mirror image.
        """
        uniform = keras.random.uniform(ops.shape(reconstruction), seed=seed)
        logits = -ops.maximum(ops.absolute(reconstruction), _FLAT)
        dark = ops.log1p(uniform * ops.expm1(logits)) / logits
        return ops.where(reconstruction > 0.0, 1.0 - dark, dark)


def log_normaliser(logits: Tensor) -> Tensor:
    """Log C = log(l / tanh(l / 2)) of logits l; log 2 at 0."""
    square = ops.square(0.5 * logits)
    series = square / 3.0 - 7.0 * ops.square(square) / 90.0 + 62.0 * square**3 / 2835.0
    near = math.log(2.0) + series
    size = ops.maximum(ops.absolute(logits), _NEAR)
    far = ops.log(size) - ops.log(ops.tanh(0.5 * size))
    return ops.where(ops.absolute(logits) < _NEAR, near, far)
