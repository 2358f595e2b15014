"""The von Mises-Fisher law on the unit sphere of m dimensions."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import keras
import numpy as np
import vaekit
from keras import ops

from vaekit_geometry.bessel import Bessel, bessel
from vaekit_geometry.sphere import UniformSphere, unit

# Proposals for each draw. At least 0.65 of them are accepted, so that none of 16 is once in 20
# million draws; then the first one is taken.
TRIES = 16
# Points at which `gap_slope` sums up an integral, by Gauss and Legendre.
_NODES = 40


class VonMisesFisher(vaekit.Distribution):
    """The density on the sphere that is proportional to exp(concentration direction . z).

    direction: unit vectors `(B, m)`, m of 2 and more. concentration: kappa > 0, `(B, 1)`.
    """

    def __init__(self, direction: Any, concentration: Any) -> None:
        self.direction, self.concentration = direction, concentration
        self.size = int(direction.shape[-1])
        self._uniform = UniformSphere(self.size)

    def log_prob(self, z: Any) -> Any:
        # 1 - direction . z of unit vectors, without the difference of what is nearly 1.
        away = 0.5 * ops.sum(ops.square(z - self.direction), axis=-1)
        scaled = ops.squeeze(self._bessel.log_scaled, -1)
        return self._uniform.log_density - scaled - ops.squeeze(self.concentration, -1) * away

    def kl(self, other: vaekit.Distribution) -> Any:
        """KL from the uniform law, `(B, 1)`: kappa A_m(kappa) + log C_m(kappa) + log surface.

        A_m = I_{m/2} / I_{m/2-1} is the mean of direction . z, C_m the density's constant:
        Davidson et al., arXiv:1804.00891.
        """
        if not isinstance(other, UniformSphere):
            return None
        return -self._bessel.gap - self._bessel.log_scaled

    @property
    def noise_dim(self) -> int:  # type: ignore[override]  # of the dimensions
        """For each proposal m values and one; and m for where around the direction, and one."""
        return (TRIES + 1) * (self.size + 1)

    def from_noise(self, noise: Any) -> Any:
        """Draws by Wood's rejection sampler; noise that is all 0 gives the direction.

        Wood, "Simulation of the von Mises Fisher distribution" (1994).
        """
        proposals, chances, around = self._parted(noise)
        heard = ops.sign(ops.sum(ops.square(around), axis=-1, keepdims=True))
        return self._at(heard * self._gap_of_accepted(proposals, chances), around)

    def sample(self, seed: Any, lead: tuple[int, ...] = ()) -> Any:
        """Draws `(*lead, B, m)`, as `from_noise`.

        They are reparameterised: the gradient in the concentration is that of the inverse of the
        distribution function, whatever way a draw came about; Figurnov et al., "Implicit
        Reparameterization Gradients" (arXiv:1805.08498).
        """
        shape = (*lead, *ops.shape(self.direction)[:-1], self.noise_dim)
        proposals, chances, around = self._parted(keras.random.normal(shape, seed=seed))
        gap = ops.stop_gradient(self._gap_of_accepted(proposals, chances))
        kappa = ops.stop_gradient(self.concentration)
        slope = gap_slope(gap, kappa, ops.stop_gradient(self._bessel.gap), self.size)
        return self._at(gap + slope * (self.concentration - kappa), around)

    def _at(self, gap: Any, around: Any) -> Any:
        """z with 1 - direction . z = gap `(..., 1)`, on the side of `around` `(..., m)`."""
        across = around
        # The second time takes off what rounding left of the direction, where it was nearly all.
        for _ in range(2):
            along = ops.sum(across * self.direction, axis=-1, keepdims=True)
            across = unit(across - along * self.direction)
        height = ops.sqrt(ops.maximum(gap * (2.0 - gap), 1e-20))
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
        beta = 0.5 + 0.5 * ops.take(unit(proposals), 0, axis=-1)
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


def gap_slope(gap: Any, kappa: Any, mean: Any, size: int) -> Any:
    """How a draw's gap moves with kappa, its share of the law below it kept, `(..., 1)`.

    With f the density of the gap, (exp(-kappa s) (s (2 - s))^((m - 3) / 2)), it is the integral
    from 0 to the gap of (s - E[s]) f(s), over f(gap). mean: kappa E[s], which is `Bessel.gap`.
    """
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    # s = gap y^2 makes a polynomial of the end where f may be infinite.
    y = 0.5 * (1.0 + nodes)
    share = ops.convert_to_tensor(y**2, "float32")
    measure = ops.convert_to_tensor(np.log(weights) + (size - 2) * np.log(y), "float32")
    wider = ops.log((2.0 - gap * share) / ops.maximum(2.0 - gap, 1e-6))
    density = ops.exp(kappa * gap * (1.0 - share) + 0.5 * (size - 3) * wider + measure)
    away = gap * share - mean / kappa
    return gap * ops.sum(away * density, axis=-1, keepdims=True)
