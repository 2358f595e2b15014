"""The options of a training run, from the parameters of an estimator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vaekit.config import TrainConfig

# What a table is trained by where nothing is named: dense layers, and normal values whose variance
# follows the error, so that no weight between reconstruction and KL is left to choose.
TABLE = {"encoder": "mlp", "decoder": "mlp", "loss": "sigma"}


def training_options(
    parameters: Mapping[str, Any], samples: int, seed: int, *, table: bool
) -> dict[str, Any]:
    """Fields of `vaekit.TrainConfig` for so many samples.

    parameters: those of the estimator that are such fields; what is None is left to the kit.

    Raises `vaekit.OptionError` for a value that doesn't fit.
    """
    named = {name: value for name, value in parameters.items() if value is not None}
    if table:
        # The preset is by the shape of photographs.
        named = {**TABLE, "preset": "tutorial", **named}
    config = TrainConfig.checked(named)
    held_out = min(max(round(config.validation_split * samples), 1), samples - 1)
    if samples - held_out < config.batch_size:
        named.setdefault("batch_size", samples - held_out)
    return {
        **named,
        "seed": seed,
        "figures": False,
        "report": False,
        # One at the end, beside those that `patience` keeps: what is cut is fitted again.
        "checkpoint_every": f"{config.most_epochs}epochs",
    }
