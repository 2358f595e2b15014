"""The diagonal normal posterior, of a vector or of a map."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from keras import layers

import vaekit
from vaekit import active_units, distributions
from vaekit.stock_layers import flattened, sampled


class Normal(vaekit.Latent):
    """q(z|x) = N(z_mean, exp(z_log_var)); see `normal`."""

    def __init__(self, latent_dim: int, grid: bool) -> None:
        self.latent_dim = latent_dim
        self.grid = grid

    def shape(self, features: tuple[int, ...]) -> tuple[int, ...]:
        if not self.grid:
            return (self.latent_dim,)
        if len(features) != 3:
            raise vaekit.BuildError(
                f"The latent 'normal' with grid=true needs features that are a map, and these have "
                f"the shape {features}: choose an encoder that gives one, such as conv5, or "
                "grid=false."
            )
        return (*features[:2], self.latent_dim)

    def heads(self, features: Any) -> dict[str, Any]:
        if self.grid:
            mean = layers.Conv2D(
                self.latent_dim, 1, data_format="channels_last", name="encoder_mu"
            )(features)
            log_var = layers.Conv2D(
                self.latent_dim, 1, data_format="channels_last", name="encoder_log_variance"
            )(features)
        else:
            vector = flattened(features)
            mean = layers.Dense(self.latent_dim, name="encoder_mu")(vector)
            log_var = layers.Dense(self.latent_dim, name="encoder_log_variance")(vector)
        return {"z_mean": mean, "z_log_var": log_var}

    def posterior(self, parameters: Mapping[str, Any]) -> distributions.DiagonalNormal:
        return distributions.DiagonalNormal(
            distributions.flat(parameters["z_mean"]), distributions.flat(parameters["z_log_var"])
        )

    def point(self, parameters: Mapping[str, Any]) -> Any:
        return parameters["z_mean"]

    def draw(self, parameters: Mapping[str, Any]) -> Any:
        mean, log_var = parameters["z_mean"], parameters["z_log_var"]
        return sampled(mean, log_var, name="encoder_output", prefix="encoder")

    def report(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        return active_units.mean_moments(distributions.flat(parameters["z_mean"]))

    def summary(self, means: Mapping[str, np.ndarray]) -> dict[str, float | int]:
        return active_units.count_active(means)


def normal(latent_dim: int, *, grid: bool = False) -> vaekit.Latent:
    """A normal posterior with independent values of z: Kingma and Welling, arXiv:1312.6114.

    Args:
        grid: whether z is a map, with latent_dim values at each place of the encoder's features.
    """
    return Normal(latent_dim, grid)
