"""The optimizer of a run, as its recipe has it, and the curve of its rate."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import keras
from keras import ops

from vaekit.config import TrainConfig
from vaekit.optimizer.muon import Muon
from vaekit.recipes import RECIPES


def build_optimizer(
    config: TrainConfig, images: int, *, latent_dim: int, between: Collection[str]
) -> keras.optimizers.Optimizer:
    """Adam at the run's rate, or Muon in one cycle over all steps of the run.

    images: how many the run trains on. latent_dim: how many values a decoder takes, flat.
    between: paths of the weights of latent and prior, which are of no hidden layer.
    """
    warmup = RECIPES[config.recipe].warmup
    if warmup is None:
        return keras.optimizers.Adam(config.learning_rate)
    steps = all_steps(config, images)
    curve = OneCycle(config.learning_rate, rising=round(warmup * steps), steps=steps)
    return Muon(curve, latent_dim=latent_dim, by_adam=between)


def all_steps(config: TrainConfig, images: int) -> int:
    """The steps of a whole run over so many images."""
    return config.most_epochs * -(-images // config.batch_size)


# A player of a loss that names no optimizer gets one by the config of the run's.
@keras.saving.register_keras_serializable("vaekit")
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
