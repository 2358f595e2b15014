"""What people are told of a run whose batches are taken in slices."""

from __future__ import annotations

import keras

from vaekit.config import TrainConfig
from vaekit.engine import Program, sets_images_against_each_other
from vaekit.model.summary import layers_within


def slices_line(config: TrainConfig, program: Program, loss: str) -> str:
    """How large slices are, and what of the mathematics is then a slice's own.

    loss: the loss's name.
    """
    size = config.batch_size // config.workers // config.accumulate
    lines = [
        f"Each batch of {config.batch_size} images is taken in slices of {size}, whose gradients "
        "are averaged before the one update."
    ]
    models = program.vae.heads, program.vae.decoder
    layers = [layer for model in models for layer in layers_within(model)]
    if any(isinstance(layer, keras.layers.BatchNormalization) for layer in layers):
        lines.append("Batch norm has the moments of a slice.")
    if sets_images_against_each_other(program):
        lines.append(
            f"The loss {loss!r} sets the images of a batch against each other, and sees those of "
            "one slice at a time: that isn't the step of the whole batch."
        )
    return " ".join(lines)
