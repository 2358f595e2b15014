"""Black-and-white pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from vaekit.distributions.likelihoods.likelihood import PIXELS
from vaekit.types import ImageShape, Tensor


@dataclass(frozen=True)
class Bernoulli:
    """Independent Bernoulli pixels; the reconstruction is logits.

    For grey pixels in (0, 1) this is the negative cross-entropy, the field's usual stand-in; only
    for black-and-white ones is it a log-probability. `ContinuousBernoulli` is a law of grey ones.
    """

    scale = "logits"
    discrete = True

    def describe(self, image_shape: ImageShape) -> str:
        """Values of which law it takes an image to be made of, in words."""
        return "values that are Bernoulli"

    def log_prob(self, x: Tensor, reconstruction: Tensor) -> Tensor:
        """x l - log(1 + exp(l)), summed over pixels and channels."""
        terms = x * reconstruction - ops.softplus(reconstruction)
        return ops.sum(terms, axis=PIXELS)

    def sample(self, reconstruction: Tensor, seed: Any) -> Tensor:
        """Black-and-white images, of logits."""
        uniform = keras.random.uniform(ops.shape(reconstruction), seed=seed)
        return ops.cast(uniform < ops.sigmoid(reconstruction), reconstruction.dtype)
