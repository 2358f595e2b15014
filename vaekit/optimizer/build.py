"""The optimizer of a run, as its recipe has it."""

from __future__ import annotations

import keras

from vaekit.config import TrainConfig
from vaekit.optimizer.muon import Muon
from vaekit.optimizer.one_cycle import OneCycle
from vaekit.recipes import RECIPES


def build_optimizer(config: TrainConfig, images: int) -> keras.optimizers.Optimizer:
    """Adam at the run's rate, or Muon in one cycle over all steps of the run.

    images: how many the run trains on.
    """
    warmup = RECIPES[config.recipe].warmup
    if warmup is None:
        return keras.optimizers.Adam(config.learning_rate)
    steps = all_steps(config, images)
    curve = OneCycle(config.learning_rate, rising=round(warmup * steps), steps=steps)
    return Muon(curve, latent_dim=config.latent_dim)


def all_steps(config: TrainConfig, images: int) -> int:
    """The steps of a whole run over so many images."""
    return config.epochs * -(-images // config.batch_size)
