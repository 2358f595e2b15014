"""Leapfrog steps over pairs of z and a momentum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from keras import ops
from vaekit.autodiff import gradient
from vaekit.distributions import normal_log_prob

Potential = Callable[[Any], Any]
"""z `(..., B, D)` -> U(z), `(..., B)`: minus the logarithm of what z is to follow."""


class Phase(NamedTuple):
    """A point z and its momentum, `(..., B, D)` each."""

    z: Any
    momentum: Any


class Leapfrog:
    """Steps of H(z, r) = U(z) + |r|^2 / 2, for momenta of N(0, I).

    A step keeps volumes, and leads back where it came from once the momentum is turned round.
    """

    def momentum(self, z: Any, noise: Any) -> Any:
        """A momentum at z, of standard normal noise of its shape."""
        return noise

    def log_prob(self, phase: Phase) -> Any:
        """The log-density of the momentum at that z, `(..., B)`, in nats."""
        return ops.sum(normal_log_prob(phase.momentum, 0.0), axis=-1)

    def step(self, phase: Phase, potential: Potential, size: Any) -> Phase:
        """One step; `size` is a length for each value of z, `(D,)`."""
        half = phase.momentum - 0.5 * size * gradient(potential, phase.z)
        z = phase.z + size * half
        return Phase(z, half - 0.5 * size * gradient(potential, z))
