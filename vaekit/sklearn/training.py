"""The options of a training run, from the parameters of an estimator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# What a table is trained by where nothing is named: dense layers, and normal values whose variance
# follows the error, so that no weight between reconstruction and KL is left to choose.
TABLE = {"encoder": "dense", "decoder": "dense", "loss": "sigma"}
_BATCH = 32


def training_options(
    parameters: Mapping[str, Any], samples: int, seed: int, *, table: bool
) -> dict[str, Any]:
    """Fields of `vaekit.TrainConfig` for so many samples.

    parameters: those of the estimator that are such fields; what is None is left to the kit.
    """
    named = {name: value for name, value in parameters.items() if value is not None}
    if table:
        # The preset is by the shape of photographs.
        named = {**TABLE, "preset": "tutorial", **named}
    held_out = min(max(round(named["validation_split"] * samples), 1), samples - 1)
    if samples - held_out < _BATCH:
        named.setdefault("batch_size", samples - held_out)
    epochs = named.get("epochs")
    return {
        **named,
        "seed": seed,
        "figures": False,
        "report": False,
        # One at the end, beside those that `patience` keeps: what is cut is fitted again.
        "checkpoint_every": f"{epochs if isinstance(epochs, int) else 10_000}epochs",
    }
