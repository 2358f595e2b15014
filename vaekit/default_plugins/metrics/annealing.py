"""The way from the prior to p(z|x), by laws in between, and chains that go it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from keras import ops

import vaekit
from vaekit.default_plugins.metrics.hamiltonian import transition

# Where a sampler moves best in many dimensions: Neal, "MCMC using Hamiltonian dynamics"
# (arXiv:1206.1901), on scaling with dimensionality; Wu et al. (arXiv:1611.04273) tune to it.
ACCEPTANCE = 0.65
_FIRST_SIZE = 0.3
_ADAPTATION = 0.2  # of log size, by how far the acceptance is from that


class Annealing(NamedTuple):
    """The laws f_b(z) = p(z) p(x|z)^b of a batch x, from the prior, b = 0, to the joint law, b = 1.

    log_prior, log_likelihood: z `(K, B, D)` -> `(K, B)`.
    temperatures: the b, `(T + 1,)`, rising.
    """

    log_prior: Callable[[Any], Any]
    log_likelihood: Callable[[Any], Any]
    temperatures: Any
    leapfrog_steps: int
    seed: Any

    @property
    def steps(self) -> int:
        return int(self.temperatures.shape[0]) - 1

    def moved(self, z: Any, number: Any, size: Any) -> tuple[Any, Any]:
        """A transition at the law of that number; see `hamiltonian.transition`."""
        b = ops.take(self.temperatures, number, axis=0)
        return transition(
            lambda z: self.log_prior(z) + b * self.log_likelihood(z),
            z,
            size,
            self.leapfrog_steps,
            self.seed,
        )

    def share(self, number: Any) -> Any:
        """By how much b rises to the law of that number."""
        ends = ops.take(self.temperatures, ops.stack([number - 1, number]), axis=0)
        return ends[1] - ends[0]

    def tuned_sizes(self, z: Any) -> Any:
        """The length of a leapfrog step at each law, `(T + 1, B)`, by chains of their own.

        Chains that measure must not also choose it: their weights would no longer have p(x) as
        their mean.
        """
        sizes = ops.full((self.steps + 1, z.shape[1]), _FIRST_SIZE)

        def step(number: Any, state: tuple[Any, Any]) -> tuple[Any, Any]:
            z, sizes = state
            size = ops.take(sizes, number, axis=0)
            z, acceptance = self.moved(z, number + 1, size)
            off = ops.mean(acceptance, axis=0) - ACCEPTANCE
            size = size * ops.exp(_ADAPTATION * off)
            return z, ops.slice_update(sizes, (number + 1, 0), size[None])

        return vaekit.random_loop(self.steps, step, (z, sizes), self.seed)[1]

    def forward(self, z: Any, sizes: Any) -> tuple[Any, Any]:
        """Log w of chains that begin at draws of the prior, `(K, B)`, and the share of steps taken.

        The mean of w is p(x): Neal, "Annealed Importance Sampling" (arXiv:physics/9803008).
        """

        def step(number: Any, state: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
            z, log_w, taken = state
            log_w = log_w + self.share(number + 1) * self.log_likelihood(z)
            z, acceptance = self.moved(z, number + 1, ops.take(sizes, number + 1, axis=0))
            return z, log_w, taken + ops.mean(acceptance, axis=0)

        zeros = ops.zeros(z.shape[:2])
        _, log_w, taken = vaekit.random_loop(self.steps, step, (z, zeros, zeros[0]), self.seed)
        return log_w, taken / self.steps

    def backward(self, z: Any, sizes: Any) -> Any:
        """Log w of chains that begin at a draw of p(z|x) and go back to the prior, `(K, B)`.

        The mean of 1/w is 1/p(x): Grosse, Ghahramani and Adams, "Sandwiching the marginal
        likelihood using bidirectional Monte Carlo" (arXiv:1511.02543).
        """

        def step(number: Any, state: tuple[Any, Any]) -> tuple[Any, Any]:
            z, log_w = state
            law = self.steps - number
            z, _ = self.moved(z, law, ops.take(sizes, law, axis=0))
            return z, log_w + self.share(law) * self.log_likelihood(z)

        return vaekit.random_loop(self.steps, step, (z, ops.zeros(z.shape[:2])), self.seed)[1]


def temperatures(steps: int) -> np.ndarray:
    """From 0 to 1 in so many steps, by a sigmoid from -4 to 4: close together at both ends.

    Grosse, Ghahramani and Adams (arXiv:1511.02543), section 6.2.
    """
    if steps == 1:
        return np.array([0.0, 1.0], "float32")
    sigmoid = 1.0 / (1.0 + np.exp(-np.linspace(-4.0, 4.0, steps + 1)))
    return ((sigmoid - sigmoid[0]) / (sigmoid[-1] - sigmoid[0])).astype("float32")
