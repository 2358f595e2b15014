"""The latent of the hyperspherical VAE."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import vaekit
from keras import layers
from vaekit.stock_layers import flattened, noise_like

from vaekit_geometry.sphere import UniformSpherePrior
from vaekit_geometry.von_mises_fisher_law import TRIES, VonMisesFisher


class VonMisesFisherLatent(vaekit.Latent):
    """q(z|x) = vMF(z_direction, z_concentration) on the unit sphere; see `von_mises_fisher`."""

    support = "sphere"

    def __init__(self, latent_dim: int) -> None:
        self.latent_dim = latent_dim

    def shape(self, features: tuple[int, ...]) -> tuple[int, ...]:
        return (self.latent_dim,)

    def heads(self, features: Any) -> dict[str, Any]:
        """`z_direction` `(B, m)` of length 1; `z_concentration` `(B, 1)`, 1 + softplus."""
        vector = flattened(features)
        direction = layers.Dense(self.latent_dim, name="encoder_mu")(vector)
        concentration = layers.Dense(1, activation="softplus", name="encoder_softplus")(vector)
        return {
            "z_direction": layers.UnitNormalization(name="encoder_direction")(direction),
            "z_concentration": layers.Rescaling(1.0, 1.0, name="encoder_concentration")(
                concentration
            ),
        }

    def posterior(self, parameters: Mapping[str, Any]) -> VonMisesFisher:
        return VonMisesFisher(parameters["z_direction"], parameters["z_concentration"])

    def point(self, parameters: Mapping[str, Any]) -> Any:
        return parameters["z_direction"]

    def draw(self, parameters: Mapping[str, Any]) -> Any:
        """Made of operations, so that it opens from `.keras` alone and not from `.h5`."""
        law = self.posterior(parameters)
        values = layers.Concatenate(name="encoder_values")(list(parameters.values()))
        rows = layers.RepeatVector(TRIES + 1, name="encoder_rows")(values)
        noise = noise_like(layers.Reshape((law.noise_dim,), name="encoder_row")(rows), "encoder")
        return law.from_noise(noise)

    def default_prior(self) -> vaekit.Prior:
        return UniformSpherePrior()

    def report(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"concentration": parameters["z_concentration"]}

    def summary(self, means: Mapping[str, np.ndarray]) -> dict[str, float | int]:
        """`concentration`: the mean of kappa."""
        return {"concentration": float(means["concentration"][0])}

    def between(self, a: np.ndarray, b: np.ndarray, share: np.ndarray) -> np.ndarray:
        """Points on the great circle from `a` to `b`; between opposite points, on one of them."""
        share = share.reshape(*share.shape, *(1,) * (a.ndim - share.ndim))
        cosine = np.sum(a * b, axis=-1, keepdims=True)
        across = b - cosine * a
        sine = np.linalg.norm(across, axis=-1, keepdims=True)
        # What is opposite has no side to turn to: the axis that `a` has least of is one.
        axis = np.eye(self.latent_dim, dtype=a.dtype)[np.argmin(np.abs(a), axis=-1)]
        axis = axis - np.sum(axis * a, axis=-1, keepdims=True) * a
        across = np.where(sine > 1e-6, across, axis)
        across = across / np.linalg.norm(across, axis=-1, keepdims=True)
        angle = share * np.arctan2(sine, cosine)
        return np.cos(angle) * a + np.sin(angle) * across


def von_mises_fisher(latent_dim: int) -> vaekit.Latent:
    """Points of the unit sphere in latent_dim dimensions, with a von Mises-Fisher posterior.

    Davidson et al., "Hyperspherical Variational Auto-Encoders" (arXiv:1804.00891). The prior is
    uniform on the sphere. The concentration is 1 and more, as in their code. What they write as
    S^d has d + 1 dimensions here.
    """
    if latent_dim < 2:
        raise vaekit.BuildError(
            "The latent 'von-mises-fisher' is a sphere of 2 dimensions and more, and latent_dim is "
            f"{latent_dim}: take 2 at least."
        )
    return VonMisesFisherLatent(latent_dim)
