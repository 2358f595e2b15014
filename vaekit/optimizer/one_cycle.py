"""A learning rate that rises once and falls once."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


class OneCycle(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """From a 25th of the highest rate up to it in a straight line, and down to 0 in another.

    Smith and Topin, "Super-Convergence" (arXiv:1708.07120, section 2).

    rising: the steps until the highest rate.
    steps: all; after these, the rate stays 0.
    """

    def __init__(self, highest: float, *, rising: int, steps: int) -> None:
        super().__init__()
        self._highest, self._rising, self._steps = highest, max(1, rising), steps

    def __call__(self, step: Any) -> Any:
        step = ops.cast(step, "float32")
        lowest = self._highest / 25
        up = lowest + (self._highest - lowest) * (step / self._rising)
        down = self._highest * ((self._steps - step) / max(1, self._steps - self._rising))
        return ops.maximum(ops.minimum(up, down), 0.0)

    def get_config(self) -> dict[str, Any]:
        return {"highest": self._highest, "rising": self._rising, "steps": self._steps}
