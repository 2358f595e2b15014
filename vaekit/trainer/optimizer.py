"""The optimizer of a run, as its recipe has it."""

from __future__ import annotations

import keras

from vaekit.config import TrainConfig
from vaekit.recipes import RECIPES
from vaekit.trainer.muon import Muon


def build_optimizer(config: TrainConfig, steps: int) -> keras.optimizers.Optimizer:
    """Adam at the run's rate, or Muon on the recipe's curve over all `steps` of the run.

    The curve is that of Smith and Topin, "Super-Convergence" (arXiv:1708.07120), with the cosine
    of Loshchilov and Hutter (arXiv:1608.03983, equation 5) for its fall.
    """
    warmup = RECIPES[config.recipe].warmup
    if warmup is None:
        return keras.optimizers.Adam(config.learning_rate)
    rising = min(max(1, round(warmup * steps)), steps - 1) if steps > 1 else 0
    curve = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=config.learning_rate / 25,
        warmup_target=config.learning_rate,
        warmup_steps=rising,
        decay_steps=steps - rising,
    )
    return Muon(curve, latent_dim=config.latent_dim)
