"""A code without noise: an autoencoder's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keras import layers, ops

import vaekit
from vaekit import distributions
from vaekit.stock_layers import flattened


class Deterministic(vaekit.Latent):
    """One z for each image; see `deterministic`."""

    def __init__(self, latent_dim: int) -> None:
        self.latent_dim = latent_dim

    def shape(self, features: tuple[int, ...]) -> tuple[int, ...]:
        return (self.latent_dim,)

    def heads(self, features: Any) -> dict[str, Any]:
        return {"z": layers.Dense(self.latent_dim, name="encoder_output")(flattened(features))}

    def posterior(self, parameters: Mapping[str, Any]) -> vaekit.Distribution:
        return distributions.PointMass(parameters["z"])

    def point(self, parameters: Mapping[str, Any]) -> Any:
        return parameters["z"]

    def infer(self, parameters: Mapping[str, Any], given: vaekit.Given) -> vaekit.Draw:
        posterior = self.posterior(parameters)
        z = posterior.sample(given.seed, given.lead)
        # No density, so neither a divergence nor an elbo.
        return vaekit.Draw(z, posterior, given.prior, kl=ops.zeros_like(parameters["z"][:, :1]))

    def default_prior(self) -> vaekit.Prior | None:
        """None: nothing holds z against a law unless a loss does, with a prior that is named."""
        return None


def deterministic(latent_dim: int) -> vaekit.Latent:
    """A code without noise: a plain autoencoder, whose KL is 0 and which has no elbo.

    Without a prior that is named, and a loss that holds z against it, nothing can be sampled.
    """
    return Deterministic(latent_dim)
