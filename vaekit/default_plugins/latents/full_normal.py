"""A normal posterior of any covariance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from keras import layers

import vaekit
from vaekit import active_units, distributions
from vaekit.stock_layers import flattened, noise_like


class FullNormal(vaekit.Latent):
    """q(z|x) = N(z_mean, L L^T); see `full_normal`."""

    def __init__(self, latent_dim: int) -> None:
        self.latent_dim = latent_dim

    def shape(self, features: tuple[int, ...]) -> tuple[int, ...]:
        return (self.latent_dim,)

    def heads(self, features: Any) -> dict[str, Any]:
        """`z_mean` `(B, D)`, and `z_scale_tril`, L, `(B, D, D)`, its diagonal exponentiated."""
        d, vector = self.latent_dim, flattened(features)
        mean = layers.Dense(d, name="encoder_mu")(vector)
        entries = layers.Dense(d * d, name="encoder_scale")(vector)
        diagonal = np.eye(d).ravel().tolist()
        below = np.tri(d, k=-1).ravel().tolist()
        # Masked before and after: what is exponentiated beside the diagonal is 0.
        log_diagonal = layers.Rescaling(diagonal, name="encoder_log_diagonal")(entries)
        exponential = layers.Activation("exponential", name="encoder_exp_diagonal")(log_diagonal)
        tril = layers.Add(name="encoder_scale_entries")(
            [
                layers.Rescaling(below, name="encoder_below_diagonal")(entries),
                layers.Rescaling(diagonal, name="encoder_diagonal")(exponential),
            ]
        )
        return {
            "z_mean": mean,
            "z_scale_tril": layers.Reshape((d, d), name="encoder_scale_tril")(tril),
        }

    def posterior(self, parameters: Mapping[str, Any]) -> vaekit.Distribution:
        return distributions.FullNormal(parameters["z_mean"], parameters["z_scale_tril"])

    def point(self, parameters: Mapping[str, Any]) -> Any:
        return parameters["z_mean"]

    def draw(self, parameters: Mapping[str, Any]) -> Any:
        mean = parameters["z_mean"]
        noise = noise_like(mean, "encoder")
        scaled = layers.Dot((2, 1), name="encoder_scaled_noise")(
            [parameters["z_scale_tril"], noise]
        )
        return layers.Add(name="encoder_output")([mean, scaled])

    def report(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        return active_units.mean_moments(parameters["z_mean"])

    def summary(self, means: Mapping[str, np.ndarray]) -> dict[str, float | int]:
        return active_units.count_active(means)


def full_normal(latent_dim: int) -> vaekit.Latent:
    """A normal posterior whose values of z may depend on each other, by a Cholesky factor.

    Kingma and Welling, "An Introduction to Variational Autoencoders" (arXiv:1906.02691), section
    2.5.1. It has D^2 heads, so it's for some dozens of latents at most.
    """
    return FullNormal(latent_dim)
