"""Laws of two groups of values, the lower given the upper: z = (z_1, z_2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import vaekit
from keras import layers, ops
from vaekit import distributions


class LowerPrior:
    """p(z_2|z_1), a diagonal normal by a network of one hidden layer."""

    def __init__(self, top: int, low: int, units: int) -> None:
        self.top, self.low = top, low
        self._hidden = layers.Dense(units, activation="tanh", name="lower_prior_hidden")
        self._mean = layers.Dense(low, name="lower_prior_mu")
        self._log_var = layers.Dense(low, name="lower_prior_log_variance")
        self._hidden.build((None, top))
        for layer in (self._mean, self._log_var):
            layer.build((None, units))

    def __call__(self, z1: Any) -> tuple[Any, Any]:
        """Mean and log-variance of z_2, of z_1 `(..., top)`, symbolic too."""
        hidden = self._hidden(z1)
        return self._mean(hidden), self._log_var(hidden)

    def law(self, z1: Any) -> distributions.DiagonalNormal:
        """p(z_2|z_1)."""
        return distributions.DiagonalNormal(*self(z1))

    def parted(self, values: Any) -> tuple[Any, Any]:
        """Those of the upper group and of the lower, of `(..., top + low)`."""
        # By constant indices, since Keras saves no slices.
        upper, lower = np.arange(self.top), np.arange(self.top, self.top + self.low)
        return ops.take(values, upper, axis=-1), ops.take(values, lower, axis=-1)


class LadderPrior(vaekit.Distribution):
    """p(z_1) p(z_2|z_1), with p(z_1) = N(0, I)."""

    def __init__(self, lower: LowerPrior) -> None:
        self.lower = lower
        self.upper = distributions.StandardNormal(lower.top)
        self.noise_dim = lower.top + lower.low

    def sample(self, seed: Any, lead: tuple[int, ...] = ()) -> Any:
        return self.from_noise(keras.random.normal((*lead, self.noise_dim), seed=seed))

    def log_prob(self, z: Any) -> Any:
        z1, z2 = self.lower.parted(z)
        return self.upper.log_prob(z1) + self.lower.law(z1).log_prob(z2)

    def from_noise(self, noise: Any) -> Any:
        z1, lower_noise = self.lower.parted(noise)
        return ops.concatenate([z1, self.lower.law(z1).from_noise(lower_noise)], axis=-1)


class LadderPosterior(vaekit.Distribution):
    """q(z_1|x) q(z_2|z_1, x), both diagonal normals.

    The lower one weighs what the image says of z_2 against p(z_2|z_1), each by its precision:
    Sonderby et al., arXiv:1602.02282.

    parameters: `z1_mean`, `z1_log_var` `(B, top)`; `z2_mean`, `z2_log_var` `(B, low)`, what the
        image says.
    """

    def __init__(self, parameters: Mapping[str, Any], lower: LowerPrior) -> None:
        self.upper = distributions.DiagonalNormal(parameters["z1_mean"], parameters["z1_log_var"])
        self._seen = parameters["z2_mean"], parameters["z2_log_var"]
        self._prior = lower
        self.noise_dim = lower.top + lower.low

    def lower(self, z1: Any) -> distributions.DiagonalNormal:
        """q(z_2|z_1, x), of z_1 `(..., B, top)`.

        With a and b the log-variances, exp(-a) + exp(-b) is exp(softplus(a - b) - a), and
        sigmoid(b - a) the first one's share of it.
        """
        (mean, log_var), (prior_mean, prior_log_var) = self._seen, self._prior(z1)
        wider = log_var - prior_log_var
        return distributions.DiagonalNormal(
            ops.sigmoid(-wider) * mean + ops.sigmoid(wider) * prior_mean,
            log_var - ops.softplus(wider),
        )

    def sample(self, seed: Any, lead: tuple[int, ...] = ()) -> Any:
        shape = (*lead, ops.shape(self.upper.z_mean)[0], self.noise_dim)
        return self.from_noise(keras.random.normal(shape, seed=seed))

    def log_prob(self, z: Any) -> Any:
        z1, z2 = self._prior.parted(z)
        return self.upper.log_prob(z1) + self.lower(z1).log_prob(z2)

    def from_noise(self, noise: Any) -> Any:
        upper_noise, lower_noise = self._prior.parted(noise)
        z1 = self.upper.from_noise(upper_noise)
        return ops.concatenate([z1, self.lower(z1).from_noise(lower_noise)], axis=-1)

    def kl_by_group(self, z: Any) -> Any:
        """KL(q(z_1|x) || p(z_1)) and KL(q(z_2|z_1, x) || p(z_2|z_1)), `(B, 2)`, in nats.

        The second is the mean over the draws z `(..., B, D)`, and in closed form given their z_1.
        """
        z1, _ = self._prior.parted(z)
        upper = ops.sum(self.upper.kl(distributions.StandardNormal(self._prior.top)), axis=-1)
        lower = ops.sum(self.lower(z1).kl(self._prior.law(z1)), axis=-1)
        lower = lower if len(lower.shape) == 1 else ops.mean(lower, axis=0)
        return ops.stack([upper, lower], axis=-1)
