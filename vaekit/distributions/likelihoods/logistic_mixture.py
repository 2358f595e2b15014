"""Pixels in 256 levels, each of a mixture of discretised logistic laws.

Salimans et al., "PixelCNN++" (arXiv:1701.05517), section 2.1, as Child's very deep VAE has it
(arXiv:2011.10650), but for one thing: the channels of a pixel share the component that it is of,
and are independent given that. Neither shifts one channel's location by another's value, so that
the mean is in closed form.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from vaekit.distributions.likelihoods.discretized_logistic import (
    bounded_log_scale,
    drawn_level,
    level_log_prob,
    location_of,
    mean_of_clipped,
)
from vaekit.types import ImageShape, Tensor


@dataclass(frozen=True)
class LogisticMixture:
    """Independent pixels in steps of 1/255; the channels of each are of one of `components` laws.

    The parameters of a place are the components' logits, then their locations and their log-scales
    by channel, as `DiscretizedLogistic` has them: `components` values of each.

    sigma: the scale where the decoder gives 0, as it does about at its start.
    """

    sigma: float
    components: int = 10

    scale = "parameters"
    discrete = True

    def describe(self, image_shape: ImageShape) -> str:
        """As `Bernoulli.describe`."""
        return f"values in 256 levels, of mixtures of {self.components} logistic laws a pixel"

    def channels(self, image_channels: int) -> int:
        """A logit of each component, and its location and scale in each channel."""
        return self.components * (1 + 2 * image_channels)

    def mean(self, parameters: Tensor) -> Tensor:
        """The means of the pixels; see `mean_of_clipped`."""
        logits, locations, log_scales = self._laws(parameters)
        weights = ops.expand_dims(ops.softmax(logits, axis=-1), -2)
        return ops.sum(weights * mean_of_clipped(locations, log_scales), axis=-1)

    def log_prob(self, x: Tensor, reconstruction: Tensor) -> Tensor:
        """Sum over pixels of log sum_k w_k prod_c P_k(x_c)."""
        logits, locations, log_scales = self._laws(reconstruction)
        each = level_log_prob(ops.expand_dims(x, -1), locations, log_scales)
        weighted = ops.log_softmax(logits, axis=-1) + ops.sum(each, axis=-2)
        return ops.sum(ops.logsumexp(weighted, axis=-1), axis=(-2, -1))

    def sample(self, reconstruction: Tensor, seed: Any) -> Tensor:
        """Images in 256 levels, of parameters: a component a pixel, by the Gumbel-max trick."""
        logits, locations, log_scales = self._laws(reconstruction)
        uniform = keras.random.uniform(ops.shape(logits), minval=1e-20, seed=seed)
        which = ops.argmax(logits - ops.log(-ops.log(uniform)), axis=-1)
        chosen = ops.expand_dims(ops.one_hot(which, self.components), -2)
        location, log_scale = (ops.sum(chosen * v, axis=-1) for v in (locations, log_scales))
        return drawn_level(location, log_scale, seed)

    def _laws(self, parameters: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logits `(..., H, W, K)`, locations and log-scales `(..., H, W, C, K)`."""
        logits, *others = ops.split(parameters, parameters.shape[-1] // self.components, axis=-1)
        channels = len(others) // 2
        locations = ops.stack(others[:channels], axis=-2)
        log_scales = ops.stack(others[channels:], axis=-2)
        return (
            logits,
            location_of(locations),
            bounded_log_scale(log_scales + math.log(self.sigma)),
        )
