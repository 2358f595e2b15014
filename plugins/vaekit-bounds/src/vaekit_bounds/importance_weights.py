"""What importance-weighted bounds are made of: log w of each draw, and logarithms of means."""

from __future__ import annotations

import math
from typing import Any

import vaekit
from keras import ops
from vaekit import distributions


class ImportanceWeighted(vaekit.Loss):
    """A loss that weights its K draws of z an image by w = p(x|z) p(z) / q(z|x)."""

    posterior = prior = object
    density = bound = True

    def __init__(self, likelihood: distributions.Likelihood, samples: int) -> None:
        self.likelihood: distributions.Likelihood = likelihood
        self.scale = likelihood.scale
        self.samples = samples

    def log_weights(self, x: Any, output: vaekit.VAEOutput) -> Any:
        """Log w of each draw, `(K, B)`, in nats."""
        log_prob = self.likelihood.log_prob(x, output.reconstruction)
        return self.by_draw(log_prob - output.log_ratio)

    def by_draw(self, values: Any) -> Any:
        """A value of each draw, `(K, B)`; of one draw the kit gives `(B,)`."""
        return values if self.samples > 1 else values[None]


def log_mean_exp(values: Any, axis: int = 0) -> Any:
    """The logarithm of the mean of exp(values) along an axis, by one stable logsumexp."""
    return ops.logsumexp(values, axis=axis) - math.log(values.shape[axis])


def group_bounds(log_weights: Any, groups: int) -> Any:
    """The bounds `(M, B)` of M groups of K draws each, of log w `(M K, B)`."""
    grouped = ops.reshape(log_weights, (groups, log_weights.shape[0] // groups, -1))
    return log_mean_exp(grouped, axis=1)
