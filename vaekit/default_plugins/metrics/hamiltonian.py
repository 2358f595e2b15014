"""Transitions of Hamiltonian Monte Carlo, which leave a law of z as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from vaekit.autodiff import gradient


def transition(
    log_density: Callable[[Any], Any], z: Any, size: Any, leapfrog_steps: int, seed: Any
) -> tuple[Any, Any]:
    """The next z of each chain, `(..., B, D)`, and how probably it took the step, `(..., B)`.

    Leapfrog steps from a new momentum of N(0, I), and Metropolis and Hastings's decision: Neal,
    "MCMC using Hamiltonian dynamics" (arXiv:1206.1901), section 5.3. A step that leads where the
    density isn't finite is never taken.

    log_density: z `(..., B, D)` -> `(..., B)`, up to a constant.
    size: the length of a leapfrog step, `(B,)`.
    """
    momentum = keras.random.normal(ops.shape(z), seed=seed)
    log_uniform = ops.log(keras.random.uniform(ops.shape(z)[:-1], minval=1e-30, seed=seed))
    each = ops.expand_dims(size, -1)

    def kick(z: Any, momentum: Any, share: float) -> Any:
        return momentum + share * each * gradient(log_density, z)

    def leap(_: Any, phase: tuple[Any, Any]) -> tuple[Any, Any]:
        z, momentum = phase
        z = z + each * momentum
        return z, kick(z, momentum, 1.0)

    end, last = ops.fori_loop(0, leapfrog_steps, leap, (z, kick(z, momentum, 0.5)))
    last = kick(end, last, -0.5)  # the loop's last kick was a whole one
    gain = log_density(end) - log_density(z) + _kinetic(momentum) - _kinetic(last)
    gain = ops.where(ops.isfinite(gain), gain, -ops.ones_like(gain) * float("inf"))
    accepted = ops.expand_dims(log_uniform < gain, -1)
    return ops.where(accepted, end, z), ops.exp(ops.minimum(gain, 0.0))


def _kinetic(momentum: Any) -> Any:
    return 0.5 * ops.sum(ops.square(momentum), axis=-1)
