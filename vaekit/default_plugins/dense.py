"""An encoder and a decoder of dense layers, for tables: no value is another's neighbour.

A table's rows are images of one row of pixels, `(1, D, 1)`.
"""

from __future__ import annotations

import math
from typing import Annotated

import keras
from annotated_types import Ge
from keras import layers

from vaekit import stock_layers

Width = Annotated[int, Ge(1)]
Depth = Annotated[int, Ge(0)]


def encoder(
    image_shape: tuple[int, int, int], *, width: Width = 64, depth: Depth = 2
) -> keras.Model:
    """All pixels through dense layers with leaky ReLU: features `(B, width)`.

    Args:
        width: units of each layer.
        depth: layers; without one, the features are the pixels.
    """
    images = layers.Input(image_shape, name="encoder_input")
    features = stock_layers.flattened(images, "encoder_pixels")
    return keras.Model(images, _dense(features, width, depth, "encoder"), name="dense_encoder")


def decoder(
    latent_dim: int,
    image_shape: tuple[int, int, int],
    *,
    width: Width = 64,
    depth: Depth = 2,
) -> keras.Model:
    """z through dense layers with leaky ReLU, and one more to the pixels, kept in [0, 1].

    Args:
        width: units of each layer but the last.
        depth: layers before the last.
    """
    latents = layers.Input((latent_dim,), name="decoder_input")
    features = _dense(latents, width, depth, "decoder")
    pixels = layers.Dense(math.prod(image_shape), name="decoder_pixels")(features)
    images = layers.Reshape(image_shape, name="decoder_reshape")(pixels)
    images = layers.Activation("sigmoid", name="decoder_output")(images)
    return keras.Model(latents, images, name="dense_decoder")


def _dense(features: keras.KerasTensor, width: int, depth: int, part: str) -> keras.KerasTensor:
    for number in range(1, depth + 1):
        features = layers.Dense(width, name=f"{part}_dense_{number}")(features)
        features = layers.LeakyReLU(name=f"{part}_relu_{number}")(features)
    return features
