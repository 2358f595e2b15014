"""How hot a Hamiltonian trajectory starts, and how it cools: Caterini et al., arXiv:1805.11328.

After step k of K a momentum is of its own law times 1 / beta_k^(1/2), which falls to 1 at the end.
Since every step multiplies all momenta alike, what this does to densities is made up for by the law
that the first momentum is of, and the bound needs no term for it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Literal

import keras
import numpy as np
from keras import ops

TemperingName = Literal["none", "quadratic", "free"]


class Tempering(ABC):
    """A schedule of temperatures over the steps of a trajectory."""

    @abstractmethod
    def scales(self) -> list[Any]:
        """1 / beta_k^(1/2) of k = 0..K, the last of which is 1."""


class NoTempering(Tempering):
    """All of the trajectory at its own temperature."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def scales(self) -> list[Any]:
        return [1.0] * (self.steps + 1)


class QuadraticTempering(Tempering):
    """From 1 / beta_0^(1/2) to 1 by the square of k / K; beta_0 is learned.

    What the paper calls fixed tempering. beta_zero: where learning begins.
    """

    def __init__(self, steps: int, beta_zero: float) -> None:
        self.steps = steps
        self.logit = _logits(beta_zero)

    def scales(self) -> list[Any]:
        first = ops.rsqrt(ops.sigmoid(self.logit.value))
        shares = [(step / self.steps) ** 2 for step in range(self.steps + 1)]
        return [first + (1.0 - first) * share for share in shares]


class FreeTempering(Tempering):
    """By a factor below 1 at each step, all of them learned; they begin as the quadratic ones."""

    def __init__(self, steps: int, beta_zero: float) -> None:
        share = np.square(np.arange(steps + 1) / steps)
        scales = beta_zero**-0.5 * (1.0 - share) + share
        self.logits = _logits(scales[1:] / scales[:-1])

    def scales(self) -> list[Any]:
        factors = ops.unstack(ops.sigmoid(self.logits.value))
        scales: list[Any] = [1.0]
        for factor in reversed(factors):
            scales.insert(0, scales[0] / factor)
        return scales


def _logits(shares: Any) -> keras.Variable:
    """What shares between 0 and 1 are the sigmoids of, to be learned."""
    values = np.log(shares) - np.log1p(-np.asarray(shares))
    return keras.Variable(values.astype("float32"), name="tempering")


def tempering_named(name: TemperingName, steps: int, beta_zero: float) -> Tempering:
    """The schedule of an option `tempering`, for so many steps."""
    match name:
        case "none":
            return NoTempering(steps)
        case "quadratic":
            return QuadraticTempering(steps, beta_zero)
        case "free":
            return FreeTempering(steps, beta_zero)
