"""Weights that change by step: pure functions of the step, computed inside the compiled step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from keras import ops

from vaekit.types import Tensor


class Schedule(Protocol):
    """A weight as a function of the number of updates made so far (0 at the first)."""

    def __call__(self, step: Tensor) -> Tensor:
        """The value at `step`, a float32 scalar."""


@dataclass(frozen=True)
class Constant:
    """The same value at every step."""

    value: float

    def __call__(self, step: Tensor) -> Tensor:
        """`value`, whatever the step."""
        return ops.ones_like(ops.cast(step, "float32")) * self.value


@dataclass(frozen=True)
class Linear:
    """From 0 to `value` in a straight line over `steps` steps, then constant.

    Bowman et al., "Generating Sentences from a Continuous Space" (arXiv:1511.06349), section 3.1.
    """

    value: float
    steps: int

    def __call__(self, step: Tensor) -> Tensor:
        """`value * min(1, step / steps)`."""
        return self.value * ops.minimum(1.0, ops.cast(step, "float32") / self.steps)


@dataclass(frozen=True)
class Cyclical:
    """`cycles` times: from 0 to `value` over the first `ramp` share of a cycle, then held there.

    After the last cycle the value stays. Fu et al., "Cyclical Annealing Schedule" (NAACL 2019,
    arXiv:1903.10145), equations 6 and 7.
    """

    value: float
    cycle_steps: int
    cycles: int = 4
    ramp: float = 0.5

    def __call__(self, step: Tensor) -> Tensor:
        """`value * min(1, tau / ramp)`, with tau the share of the present cycle that is done."""
        step = ops.cast(step, "int32")
        tau = ops.cast(step % self.cycle_steps, "float32") / self.cycle_steps
        within = self.value * ops.minimum(1.0, tau / self.ramp)
        return ops.where(step < self.cycle_steps * self.cycles, within, self.value)
