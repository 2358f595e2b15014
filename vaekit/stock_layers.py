"""Pieces of stock Keras layers for latents, whose saved models then open in plain Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import layers


def flattened(features: Any, name: str = "encoder_flatten") -> Any:
    """Features of any shape as a vector, in the order of an image's rows."""
    return layers.Flatten("channels_last", name=name)(features)


def sampled(z_mean: Any, z_log_var: Any, *, name: str, prefix: str) -> Any:
    """mu + exp(log_variance / 2) eps from stock layers: a draw when the model is called.

    A Lambda would need vaekit, or unsafe loading, to open again. Stock layers have one limit:
    `predict` tells every layer that it is not training, which silences all of Keras's random
    layers, so under `predict` the encoder gives mu.

    name: of the last layer. prefix: of the names of the others.
    """
    half = layers.Rescaling(0.5, name=f"{prefix}{HALF}")(z_log_var)
    deviation = layers.Activation("exponential", name=f"{prefix}_deviation")(half)
    scaled = layers.Multiply(name=f"{prefix}_scaled_noise")([deviation, noise_like(z_mean, prefix)])
    return layers.Add(name=name)([z_mean, scaled])


def noise_like(values: Any, prefix: str) -> Any:
    """Standard normal noise in the shape of `values`; zeros under `predict`."""
    zeros = layers.Rescaling(0.0, name=f"{prefix}{ZEROS}")(values)
    return layers.GaussianNoise(1.0, name=f"{prefix}_noise")(zeros, training=True)


def cropped(images: Any, size: tuple[int, int], name: str) -> Any:
    """The middle, of `size` (height, width), of a map that doublings made too large."""
    excess = [more - side for more, side in zip(images.shape[1:3], size, strict=True)]
    if not any(excess):
        return images
    crop = tuple((more // 2, more - more // 2) for more in excess)
    return layers.Cropping2D(crop, data_format="channels_last", name=name)(images)


def fixed_dense(units: Any, matrix: np.ndarray, name: str) -> Any:
    """The last axis of `units` `(..., N)` times a constant matrix `(N, M)`, which isn't trained."""
    dense = layers.Dense(matrix.shape[1], use_bias=False, trainable=False, name=name)
    product = dense(units)
    dense.kernel.assign(np.asarray(matrix, "float32"))
    return product


# The layers whose inputs are z_mean and z_log_var end so.
ZEROS = "_zeros"
HALF = "_half_log_variance"
