"""Models of others, and what tests do with them."""

from __future__ import annotations

import keras
import numpy as np
from click.testing import CliRunner
from keras import ops

from vaekit.cli import main

HEADS = ("encoder_mu", "encoder_log_variance")


def sampling(heads):
    mu, log_variance = heads
    return mu + ops.exp(log_variance / 2) * keras.random.normal(ops.shape(mu))


def filled(model, seed=0):
    """The model with weights that are neither zeros nor ones."""
    draw = np.random.default_rng(seed)
    model.set_weights([draw.uniform(-0.2, 0.3, w.shape) ** 2 for w in model.get_weights()])
    return model


def posterior(model):
    """Images -> mean and log-variance, of an encoder or of the encoder in a whole."""
    if HEADS[0] not in {layer.name for layer in model.layers}:
        model = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    return keras.Model(model.inputs[0], [model.get_layer(name).output for name in HEADS])


def run(*args):
    result = CliRunner().invoke(main, [str(arg) for arg in args], prog_name="vaekit")
    return result.exit_code, result.output
