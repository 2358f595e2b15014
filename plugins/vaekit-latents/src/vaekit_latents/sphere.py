"""Laws on the unit sphere of m dimensions: uniform and von Mises-Fisher."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from typing import Any

import keras
import numpy as np
import vaekit
from keras import ops

from vaekit_latents.bessel import Bessel, bessel

# Proposals for each draw of a von Mises-Fisher law. At least 0.65 of them are accepted, so that
# none of 16 is once in 20 million draws; then the first one is taken.
TRIES = 16
# Keeps what is silent, or of length 0, from being divided by 0.
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
        return _unit(noise)


class VonMisesFisher(vaekit.Distribution):
    """The density on the sphere that is proportional to exp(concentration direction . z).

    direction: unit vectors `(B, m)`, m of 2 and more. concentration: kappa > 0, `(B, 1)`.
    """

    def __init__(self, direction: Any, concentration: Any) -> None:
        self.direction, self.concentration = direction, concentration
        self.size = int(direction.shape[-1])
        self._uniform = UniformSphere(self.size)

    @property
    def noise_dim(self) -> int:  # type: ignore[override]  # of the dimensions
        """For each proposal m values and one; and m for where around the direction, and one."""
        return (TRIES + 1) * (self.size + 1)

    def log_prob(self, z: Any) -> Any:
        # 1 - direction . z of unit vectors, without the difference of what is nearly 1.
        away = 0.5 * ops.sum(ops.square(z - self.direction), axis=-1)
        scaled = ops.squeeze(self._bessel.log_scaled, -1)
        return self._uniform.log_density - scaled - ops.squeeze(self.concentration, -1) * away

    def kl(self, other: vaekit.Distribution) -> Any:
        """KL from the uniform law, `(B, 1)`: kappa A_m(kappa) + log C_m(kappa) + log surface.

        A_m = I_{m/2} / I_{m/2-1} is the mean of direction . z; Davidson et al., arXiv:1804.00891,
        equation 6.
        """
        if not isinstance(other, UniformSphere):
            return None
        return -self._bessel.gap - self._bessel.log_scaled

    def sample(self, seed: Any, lead: tuple[int, ...] = ()) -> Any:
        """Draws `(*lead, B, m)`; see `from_noise`."""
        shape = (*lead, *ops.shape(self.direction)[:-1], self.noise_dim)
        return self.from_noise(keras.random.normal(shape, seed=seed))

    def from_noise(self, noise: Any) -> Any:
        """Draws by Wood's rejection sampler; noise that is all 0 gives the direction.

        Wood, "Simulation of the von Mises Fisher distribution" (1994). The gradient is that of the
        proposal which was accepted: it lacks the share of the acceptance itself (Davidson et al.,
        appendix D), some percent of the gradient in kappa.
        """
        proposals, chances, around = self._parted(noise)
        gap = self._gap_of_accepted(proposals, chances)
        along = ops.sum(around * self.direction, axis=-1, keepdims=True)
        across = _unit(around - along * self.direction)
        heard = ops.sign(ops.sum(ops.square(around), axis=-1, keepdims=True))
        gap = heard * gap
        height = ops.sqrt(ops.maximum(gap * (2.0 - gap), _TINY))
        return self.direction - gap * self.direction + height * across

    def _parted(self, noise: Any) -> tuple[Any, Any, Any]:
        """Noise of the proposals `(..., TRIES, m)`, of their chances and of where around."""
        # Takes by constant indices, since Keras saves no slices.
        rows = ops.stack(ops.split(noise, TRIES + 1, axis=-1), axis=-2)
        values = ops.take(rows, np.arange(self.size), axis=-1)
        around = ops.squeeze(ops.take(values, np.array([TRIES]), axis=-2), -2)
        proposals = ops.take(values, np.arange(TRIES), axis=-2)
        chances = ops.take(ops.take(rows, np.arange(TRIES), axis=-2), self.size, axis=-1)
        return proposals, chances, around

    def _gap_of_accepted(self, proposals: Any, chances: Any) -> Any:
        """1 - direction . z of the first proposal that is accepted, `(..., 1)`.

        Wood's w is 1 - gap here, and his b, x0 and c are written so that nothing cancels where
        kappa is large.
        """
        kappa, free = self.concentration, self.size - 1.0
        b = free / (ops.sqrt(4.0 * ops.square(kappa) + free**2) + 2.0 * kappa)
        middle = 2.0 * b / (1.0 + b)
        # One coordinate of a uniform point of the sphere, in [0, 1]: a beta law's.
        beta = 0.5 + 0.5 * ops.take(_unit(proposals), 0, axis=-1)
        gap = 2.0 * b * beta / (1.0 - (1.0 - b) * beta)
        odds = (middle + gap - middle * gap) / (middle * (2.0 - middle))
        log_ratio = kappa * (middle - gap) + free * ops.log(odds)
        uniform = 0.5 * (1.0 + ops.erf(chances / math.sqrt(2.0)))
        accepted = ops.cast(ops.exp(log_ratio) >= uniform, "int32")
        first = ops.cast(ops.expand_dims(ops.argmax(accepted, axis=-1), -1), "int32")
        chosen = ops.cast(ops.equal(first, np.arange(TRIES, dtype="int32")), "float32")
        return ops.sum(chosen * gap, axis=-1, keepdims=True)

    @cached_property
    def _bessel(self) -> Bessel:
        return bessel(self.size / 2.0 - 1.0, self.concentration)


def _unit(values: Any) -> Any:
    """Vectors of length 1; what is 0 stays 0."""
    return values * ops.rsqrt(ops.sum(ops.square(values), axis=-1, keepdims=True) + _TINY)


class UniformSpherePrior(vaekit.Prior):
    """p(z), uniform on the sphere; see `uniform_sphere`."""

    supports = ("sphere",)

    def distribution(
        self, size: int, posterior_of: Callable[[Any], vaekit.Distribution]
    ) -> vaekit.Distribution:
        return UniformSphere(size)


def uniform_sphere(latent_size: int, image_shape: tuple[int, int, int]) -> vaekit.Prior:
    """The uniform law on the sphere: Davidson et al., arXiv:1804.00891.

    For latents of support "sphere", such as von-mises-fisher.
    """
    return UniformSpherePrior()
