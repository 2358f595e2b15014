"""The diagonal normal posterior of a vector, from which other latents go on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from keras import layers

from vaekit.active_units import count_active, mean_moments
from vaekit.distributions import DiagonalNormal, flat
from vaekit.latent import Latent, Parameters
from vaekit.stock_layers import flattened, sampled
from vaekit.types import Tensor


class NormalLatent(Latent):
    """q(z|x) = N(z_mean, exp(z_log_var)) of `latent_dim` values: what `normal` is, of a vector.

    A base for latents that start from such a draw, or have more heads.
    """

    free_parameters = True

    def __init__(self, latent_dim: int) -> None:
        self.latent_dim = latent_dim

    def shape(self, features: tuple[int, ...]) -> tuple[int, ...]:
        return (self.latent_dim,)

    def heads(self, features: Any) -> dict[str, Any]:
        vector = flattened(features)
        return {
            "z_mean": layers.Dense(self.latent_dim, name="encoder_mu")(vector),
            "z_log_var": layers.Dense(self.latent_dim, name="encoder_log_variance")(vector),
        }

    def posterior(self, parameters: Parameters) -> DiagonalNormal:
        return DiagonalNormal(flat(parameters["z_mean"]), flat(parameters["z_log_var"]))

    def point(self, parameters: Mapping[str, Any]) -> Any:
        return parameters["z_mean"]

    def draw(self, parameters: Mapping[str, Any]) -> Any:
        mean, log_var = parameters["z_mean"], parameters["z_log_var"]
        return sampled(mean, log_var, name="encoder_output", prefix="encoder")

    def report(self, parameters: Parameters) -> Mapping[str, Tensor]:
        return mean_moments(flat(parameters["z_mean"]))

    def summary(self, means: Mapping[str, np.ndarray]) -> dict[str, float | int]:
        """`active_units`: how many values of z have a mean that varies over the images."""
        return count_active(means)
