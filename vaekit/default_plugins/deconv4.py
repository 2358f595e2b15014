"""The decoder of the tutorial that vaekit follows."""

from __future__ import annotations

from typing import Annotated

import keras
from annotated_types import Ge
from keras import layers

from vaekit import stock_layers

# vaekit's images are, whatever a user's Keras configuration says of others.
CHANNELS_LAST = "channels_last"


def deconv4(
    latent_dim: int, image_shape: tuple[int, int, int], *, width: Annotated[int, Ge(1)] = 64
) -> keras.Model:
    """A dense layer and four transposed convolutions 3x3; two double the size.

    Strides 1, 2, 2, 1; the first three have batch normalisation, all a leaky ReLU, named as the
    tutorial prints them. A size that 4 doesn't divide is made too large and cropped.

    Args:
        width: filters of the dense map and of the first three transposed convolutions.
    """
    height, breadth, channels = image_shape
    small = (-(-height // 4), -(-breadth // 4), width)
    latents = layers.Input((latent_dim,), name="decoder_input")
    units = small[0] * small[1] * width
    features = layers.Dense(units, name="decoder_dense_1")(latents)
    features = layers.Reshape(small, name="decoder_reshape")(features)
    for number, stride in enumerate((1, 2, 2), start=1):
        features = layers.Conv2DTranspose(
            width,
            3,
            strides=stride,
            padding="same",
            data_format=CHANNELS_LAST,
            name=f"decoder_conv_tran_{number}",
        )(features)
        features = layers.BatchNormalization(name=f"decoder_norm_{number}")(features)
        features = layers.LeakyReLU(name=f"decoder_leakyrelu_{number}")(features)
    images = layers.Conv2DTranspose(
        channels, 3, padding="same", data_format=CHANNELS_LAST, name="decoder_conv_tran_4"
    )(features)
    images = stock_layers.cropped(images, (height, breadth), "decoder_crop")
    images = layers.LeakyReLU(name="decoder_output")(images)
    return keras.Model(latents, images, name="deconv4")
