"""Dense layers between pixels and features, and between z and pixels.

For small images, and for tables, of whose values none is another's neighbour: a row of a table is
an image of one row of pixels, `(1, D, 1)`.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import keras
from annotated_types import Ge
from keras import layers

from vaekit import stock_layers

Units = tuple[Annotated[int, Ge(1)], ...]
Activation = Literal["relu", "tanh", "elu", "silu", "gelu", "softplus", "leaky_relu"]


def encoder(
    image_shape: tuple[int, int, int], *, units: Units = (400,), activation: Activation = "relu"
) -> keras.Model:
    """Images `(B, H, W, C)`, flattened, through dense layers: features `(B, units of the last)`.

    Kingma and Welling's net (arXiv:1312.6114, appendix C) is `units=500`, `activation=tanh`; Burda
    et al.'s of one stochastic layer (arXiv:1509.00519) `units=200,200`, `activation=tanh`.

    Args:
        units: width of each layer, from the image on: 400, or 256,128.
        activation: of each layer.
    """
    images = keras.Input(image_shape, name="encoder_input")
    features = _dense(
        stock_layers.flattened(images, "encoder_pixels"), units, activation, "encoder"
    )
    return keras.Model(images, features, name="mlp_encoder")


def decoder(
    latent_dim: int,
    image_shape: tuple[int, int, int],
    *,
    units: Units = (400,),
    activation: Activation = "relu",
) -> keras.Model:
    """z `(B, latent_dim)` through dense layers: images `(B, H, W, C)`, as logits or as means.

    Args:
        units: width of each layer, from z on: 400, or 128,256.
        activation: of each layer but the last, which has none.
    """
    z = keras.Input((latent_dim,), name="decoder_input")
    features = _dense(z, units, activation, "decoder")
    pixels = layers.Dense(math.prod(image_shape), name="decoder_pixels")(features)
    images = layers.Reshape(image_shape, name="decoder_output")(pixels)
    return keras.Model(z, images, name="mlp_decoder")


def _dense(
    features: keras.KerasTensor, units: Units, activation: Activation, part: str
) -> keras.KerasTensor:
    for number, width in enumerate(units, start=1):
        dense = layers.Dense(width, activation=activation, name=f"{part}_dense{number}")
        features = dense(features)
    return features
