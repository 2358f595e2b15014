"""The uniform law on the unit sphere, and the prior of that law."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
import vaekit
from keras import ops

# Keeps what has no length from being divided by it.
_TINY = 1e-20


class UniformSphere(vaekit.Distribution):
    """The uniform law on the unit sphere of `size` dimensions."""

    def __init__(self, size: int) -> None:
        self.noise_dim = size
        half = size / 2.0
        # The sphere has the surface 2 pi^(m/2) / Gamma(m/2).
        self.log_density = math.lgamma(half) - math.log(2.0) - half * math.log(math.pi)

    def sample(self, seed: Any, lead: tuple[int, ...] = ()) -> Any:
        return self.from_noise(keras.random.normal((*lead, self.noise_dim), seed=seed))

    def log_prob(self, z: Any) -> Any:
        return ops.full_like(z[..., 0], self.log_density)

    def from_noise(self, noise: Any) -> Any:
        return unit(noise)


def unit(values: Any) -> Any:
    """Vectors of length 1 along the last axis; what is 0 stays 0."""
    return values * ops.rsqrt(ops.sum(ops.square(values), axis=-1, keepdims=True) + _TINY)


class UniformSpherePrior(vaekit.Prior):
    """p(z), uniform on the sphere; see `uniform_sphere`."""

    supports = ("sphere",)

    def distribution(
        self,
        size: int,
        posterior_of: Callable[[Any], vaekit.Distribution],
        condition: Any = None,
    ) -> vaekit.Distribution:
        return UniformSphere(size)


def uniform_sphere(latent_size: int, image_shape: tuple[int, int, int]) -> vaekit.Prior:
    """The uniform law on the sphere: Davidson et al., arXiv:1804.00891.

    For latents of support "sphere", such as von-mises-fisher.
    """
    return UniformSpherePrior()
