"""Pixels in 256 levels, each of a logistic law that is cut into as many bins.

Salimans et al., "PixelCNN++" (arXiv:1701.05517), section 2.1: the probability of a level is the
logistic's mass within half a level of it; the first and the last take the tails too, so that the
256 sum to 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from vaekit.distributions.likelihoods.likelihood import PIXELS
from vaekit.types import ImageShape, Tensor

_STEPS = 255.0  # between the 256 levels of [0, 1]
# The least logarithm of a scale: -7 on [-1, 1], as PixelCNN++ has it. A tenth of a level.
_LEAST_LOG_SCALE = -7.0 - math.log(2.0)
_NEAR = 0.1
_LEAST_SHARE = 1e-6  # of a law's draws, beyond which none is


@dataclass(frozen=True)
class DiscretizedLogistic:
    """Independent pixels in steps of 1/255, each of a logistic law of its own location and scale.

    The parameters are locations, 0 being mid-grey and -1 to 1 black to white, and logarithms of
    scales, counted from that of `sigma`. Pixels between two levels count as the nearer.

    sigma: the scale where the decoder gives 0, as it does about at its start.
    """

    sigma: float

    scale = "parameters"
    discrete = True

    def describe(self, image_shape: ImageShape) -> str:
        """As `Bernoulli.describe`."""
        return "values in 256 levels, each of a logistic law that the decoder gives"

    def channels(self, image_channels: int) -> int:
        """A location and a scale of each value."""
        return 2 * image_channels

    def mean(self, parameters: Tensor) -> Tensor:
        """The means of the pixels; see `mean_of_clipped`."""
        return mean_of_clipped(*self._location_and_log_scale(parameters))

    def log_prob(self, x: Tensor, reconstruction: Tensor) -> Tensor:
        """The log-probability of the pixels' levels, summed over pixels and channels."""
        law = self._location_and_log_scale(reconstruction)
        return ops.sum(level_log_prob(x, *law), axis=PIXELS)

    def sample(self, reconstruction: Tensor, seed: Any) -> Tensor:
        """Images in 256 levels, of parameters."""
        return drawn_level(*self._location_and_log_scale(reconstruction), seed)

    def _location_and_log_scale(self, parameters: Tensor) -> tuple[Tensor, Tensor]:
        raw_location, raw_log_scale = ops.split(parameters, 2, axis=-1)
        return location_of(raw_location), bounded_log_scale(raw_log_scale + math.log(self.sigma))


def location_of(raw: Tensor) -> Tensor:
    """A location as pixels are, of what a decoder gives, -1 to 1 for black to white."""
    return 0.5 * (1.0 + raw)


def bounded_log_scale(log_scale: Tensor) -> Tensor:
    """The logarithm of a scale with the least one added, so that its gradient never ends."""
    return _LEAST_LOG_SCALE + ops.softplus(log_scale - _LEAST_LOG_SCALE)


def level_log_prob(x: Tensor, location: Tensor, log_scale: Tensor) -> Tensor:
    """The log-probability of the level of each pixel x, in nats.

    With a and b the ends of its bin in units of the scale, sigmoid(b) - sigmoid(a) =
    sigmoid(b) sigmoid(-a) (1 - exp(a - b)), which loses no places however far the bin is.
    """
    level = ops.round(_STEPS * x)
    rate = ops.exp(-log_scale)
    below = ((level - 0.5) / _STEPS - location) * rate
    above = ((level + 0.5) / _STEPS - location) * rate
    # The tail's mass is one factor alone, and so is the whole of the other.
    up_to = ops.where(level > _STEPS - 0.5, 0.0, ops.log_sigmoid(above))
    from_on = ops.where(level < 0.5, 0.0, ops.log_sigmoid(-below))
    inner = ops.logical_and(level > 0.5, level < _STEPS - 0.5)
    return up_to + from_on + ops.where(inner, _log_1m_exp(rate / _STEPS), 0.0)


def drawn_level(location: Tensor, log_scale: Tensor, seed: Any) -> Tensor:
    """The nearest level to a draw of a logistic law, tails to the ends."""
    uniform = keras.random.uniform(
        ops.shape(location), minval=_LEAST_SHARE, maxval=1.0 - _LEAST_SHARE, seed=seed
    )
    value = location + ops.exp(log_scale) * (ops.log(uniform) - ops.log1p(-uniform))
    return ops.round(_STEPS * ops.clip(value, 0.0, 1.0)) / _STEPS


def _log_1m_exp(width: Tensor) -> Tensor:
    """Log(1 - exp(-width)) of widths above 0; near 0 by its series."""
    near = ops.log(width) - 0.5 * width + ops.square(width) / 24.0
    far = ops.log(-ops.expm1(-ops.maximum(width, _NEAR)))
    return ops.where(width < _NEAR, near, far)


def mean_of_clipped(location: Tensor, log_scale: Tensor) -> Tensor:
    """The mean of a logistic law whose tails are moved to 0 and 1.

    s (softplus(m / s) - softplus((m - 1) / s)), the integral of 1 - F over [0, 1]. The mean of the
    256 levels is the same integral by the midpoint rule: half a level apart at most.
    """
    scale = ops.exp(log_scale)
    high, low = ops.softplus(location / scale), ops.softplus((location - 1.0) / scale)
    return ops.clip(scale * (high - low), 0.0, 1.0)
