"""The draw of z from the posterior, of stock Keras layers."""

from __future__ import annotations

from typing import Any

from keras import layers


def sampled(z_mean: Any, z_log_var: Any, *, name: str, prefix: str) -> Any:
    """mu + exp(log_variance / 2) eps from stock layers: a draw when the model is called.

    A Lambda would need vaekit, or unsafe loading, to open again. Stock layers have one limit:
    `predict` tells every layer that it is not training, which silences all of Keras's random
    layers, so under `predict` the encoder gives mu.

    name: of the last layer. prefix: of the names of the others.
    """
    half = layers.Rescaling(0.5, name=f"{prefix}{HALF}")(z_log_var)
    deviation = layers.Activation("exponential", name=f"{prefix}_deviation")(half)
    zeros = layers.Rescaling(0.0, name=f"{prefix}{ZEROS}")(z_mean)
    noise = layers.GaussianNoise(1.0, name=f"{prefix}_noise")(zeros, training=True)
    scaled = layers.Multiply(name=f"{prefix}_scaled_noise")([deviation, noise])
    return layers.Add(name=name)([z_mean, scaled])


# The layers whose inputs are z_mean and z_log_var end so.
ZEROS = "_zeros"
HALF = "_half_log_variance"
