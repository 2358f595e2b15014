"""The latent of the Poincaré VAE."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import vaekit
from keras import layers, ops
from vaekit.stock_layers import flattened, noise_like

from vaekit_geometry.poincare_ball import exp_map, log_map
from vaekit_geometry.wrapped_normal import WrappedNormal, WrappedNormalPrior

# Further than this from the centre no mean lies, in hyperbolic distance: float32 ends at 12.2.
_FURTHEST = 11.0


class Poincare(vaekit.Latent):
    """q(z|x), a wrapped normal on the Poincaré ball; see `poincare`."""

    support = "ball"

    def __init__(self, latent_dim: int) -> None:
        self.latent_dim = latent_dim

    def shape(self, features: tuple[int, ...]) -> tuple[int, ...]:
        return (self.latent_dim,)

    def heads(self, features: Any) -> dict[str, Any]:
        """`z_mean` in the ball, and `tangent_log_var`, both `(B, D)`.

        A dense layer's vector m gives the mean's direction, and its distance from the centre, which
        is |m| where that is small and stays below 11.
        """
        vector = flattened(features)
        tangent = layers.Dense(self.latent_dim, name="encoder_mu")(vector)
        direction = layers.UnitNormalization(name="encoder_direction")(tangent)
        length = layers.Dot(1, name="encoder_length")([tangent, direction])
        for name, factor in (("distance", 1.0 / _FURTHEST), ("radius", 0.5 * _FURTHEST)):
            scaled = layers.Rescaling(factor, name=f"encoder_{name}_scaled")(length)
            length = layers.Activation("tanh", name=f"encoder_{name}")(scaled)
        return {
            "z_mean": layers.Multiply(name="encoder_point")([direction, length]),
            "tangent_log_var": layers.Dense(self.latent_dim, name="encoder_log_variance")(vector),
        }

    def posterior(self, parameters: Mapping[str, Any]) -> WrappedNormal:
        return WrappedNormal(parameters["z_mean"], parameters["tangent_log_var"])

    def point(self, parameters: Mapping[str, Any]) -> Any:
        return parameters["z_mean"]

    def draw(self, parameters: Mapping[str, Any]) -> Any:
        """Made of operations, so that it opens from `.keras` alone and not from `.h5`."""
        return self.posterior(parameters).from_noise(noise_like(parameters["z_mean"], "encoder"))

    def default_prior(self) -> vaekit.Prior:
        return WrappedNormalPrior()

    def report(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        centre = ops.zeros_like(parameters["z_mean"])
        return {"from_centre": ops.norm(log_map(centre, parameters["z_mean"]), axis=-1)}

    def summary(self, means: Mapping[str, np.ndarray]) -> dict[str, float | int]:
        """`from_centre`: the mean hyperbolic distance of `z_mean` from the centre."""
        return {"from_centre": float(means["from_centre"][0])}

    def between(self, a: np.ndarray, b: np.ndarray, share: np.ndarray) -> np.ndarray:
        """Points on the geodesic from `a` to `b`, at shares of the distance between them."""
        share = share.reshape(*share.shape, *(1,) * (a.ndim - share.ndim))
        start, end, share = (ops.convert_to_tensor(v, "float32") for v in (a, b, share))
        return np.asarray(ops.convert_to_numpy(exp_map(start, share * log_map(start, end))))


def poincare(latent_dim: int) -> vaekit.Latent:
    """Points of hyperbolic space, in the Poincaré ball, with a wrapped normal posterior.

    Mathieu et al., "Continuous Hierarchical Representations with Poincaré Variational
    Auto-Encoders" (arXiv:1901.06033); the posterior's variances are diagonal at the centre and
    brought to its mean by parallel transport: Nagano et al., arXiv:1902.02992. The KL is estimated
    from the draws. The ball has curvature -1; other curvatures are the `scale` of the prior
    wrapped-normal.
    """
    return Poincare(latent_dim)
