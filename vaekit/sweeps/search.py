"""Optuna's samplers and pruners as a sweep uses them."""

from __future__ import annotations

import numpy as np
import optuna

from vaekit.sweeps.config import SweepConfig

# Trials that TPE draws at random before it has anything to go by, as Optuna does.
_MOST_AT_RANDOM = 10


def sampler_of(config: SweepConfig, number: int) -> optuna.samplers.BaseSampler:
    """What draws the values of one trial: a state of its own for each.

    With one state for all, each process of a sweep, and each start of it, would begin with the same
    draws. A grid's values are given, so that it draws none: Optuna's own `GridSampler` may try a
    point twice where several processes share it.
    """
    state = np.random.SeedSequence([config.sampler_seed, number]).generate_state(1)
    if config.sampler == "tpe":
        return optuna.samplers.TPESampler(
            seed=int(state[0]),
            n_startup_trials=min(_MOST_AT_RANDOM, max(1, config.total // 3)),
            constant_liar=True,  # so that processes don't all try the same place
        )
    return optuna.samplers.RandomSampler(seed=int(state[0]))


def pruner_of(config: SweepConfig) -> optuna.pruners.BasePruner:
    """What decides which trials end early."""
    if config.pruning is None:
        return optuna.pruners.NopPruner()
    return optuna.pruners.SuccessiveHalvingPruner(
        min_resource=config.pruning.min_epochs, reduction_factor=config.pruning.reduction
    )
