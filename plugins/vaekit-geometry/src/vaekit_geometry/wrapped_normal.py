"""The wrapped normal law on the Poincaré ball, and the prior of that law around its centre."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Any

import keras
import vaekit
from annotated_types import Gt
from keras import ops
from vaekit.distributions import normal_log_prob

from vaekit_geometry.poincare_ball import exp_map, log_map, log_spread, log_volume


class WrappedNormal(vaekit.Distribution):
    """z = exp_map(z_mean, v) of a normal v; see `vaekit_geometry.poincare_ball`.

    Densities are with respect to the volume of z itself, Lebesgue's, as all of vaekit's of real
    values: over the ball they integrate to 1 as they are. Those of Mathieu et al. (equation 7,
    arXiv:1901.06033) are with respect to hyperbolic volume, and less by `log_volume(z)`.

    z_mean: points of the ball, `(B, D)` or `(D,)`.
    tangent_log_var: the logarithm of the variance of each value of v, of the same shape.
    """

    def __init__(self, z_mean: Any, tangent_log_var: Any) -> None:
        self.z_mean, self.tangent_log_var = z_mean, tangent_log_var
        self.noise_dim = int(z_mean.shape[-1])

    def sample(self, seed: Any, lead: tuple[int, ...] = ()) -> Any:
        return self.from_noise(self._noise(seed, lead))

    def sample_and_log_prob(self, seed: Any, lead: tuple[int, ...] = ()) -> tuple[Any, Any]:
        """The density by the v that the draw is of, which near the rim z tells less well."""
        v = self._tangent(self._noise(seed, lead))
        z = exp_map(self.z_mean, v)
        return z, self._log_prob(v, z)

    def log_prob(self, z: Any) -> Any:
        return self._log_prob(log_map(self.z_mean, z), z)

    def from_noise(self, noise: Any) -> Any:
        return exp_map(self.z_mean, self._tangent(noise))

    def tempered(self, temperature: float) -> WrappedNormal:
        """With so many times the standard deviations in hyperbolic distance."""
        return WrappedNormal(self.z_mean, self.tangent_log_var + 2.0 * math.log(temperature))

    def _noise(self, seed: Any, lead: tuple[int, ...]) -> Any:
        return keras.random.normal((*lead, *ops.shape(self.z_mean)), seed=seed)

    def _tangent(self, noise: Any) -> Any:
        return noise * ops.exp(0.5 * self.tangent_log_var)

    def _log_prob(self, v: Any, z: Any) -> Any:
        normal = ops.sum(normal_log_prob(v, 0.0, self.tangent_log_var), axis=-1)
        return normal - log_spread(v) + log_volume(z)


class WrappedNormalPrior(vaekit.Prior):
    """p(z), wrapped normal around the centre; see `wrapped_normal`."""

    supports = ("ball",)

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale

    def distribution(
        self,
        size: int,
        posterior_of: Callable[[Any], vaekit.Distribution],
        condition: Any = None,
    ) -> vaekit.Distribution:
        return WrappedNormal(ops.zeros((size,)), ops.full((size,), 2.0 * math.log(self.scale)))


def wrapped_normal(
    latent_size: int, image_shape: tuple[int, int, int], *, scale: Annotated[float, Gt(0)] = 1.0
) -> vaekit.Prior:
    """A normal law wrapped around the Poincaré ball: Mathieu et al., arXiv:1901.06033.

    For latents of support "ball", such as poincare. The ball has curvature -1: what they write as
    curvature -c with a scale of 1 is a `scale` of c^(1/2) here, every distance being so much more.

    Args:
        scale: the standard deviation, in hyperbolic distance along each axis.
    """
    return WrappedNormalPrior(scale)
