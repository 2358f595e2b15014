"""The decoder `old-decoder`."""

from typing import Annotated

import keras
from annotated_types import Ge
from keras import layers


def decoder(
    latent_dim: int, image_shape: tuple[int, int, int], *, width: Annotated[int, Ge(1)] = 32
) -> keras.Model:
    """A dense layer and two transposed convolutions 3x3 of stride 2, each with ReLU.

    Latents `(B, latent_dim)` to images `(B, H, W, C)` in [0, 1]. A size that 4 doesn't divide is
    made too large and cropped. Where a loss works on logits, vaekit takes the sigmoid off.

    Args:
        width: filters of the transposed convolutions; the map before them has twice as many.
    """
    height, breadth, channels = image_shape
    small = (-(-height // 4), -(-breadth // 4), 2 * width)
    latents = layers.Input((latent_dim,), name="decoder_input")
    features = layers.Dense(
        small[0] * small[1] * small[2], activation="relu", name="decoder_dense"
    )(latents)
    features = layers.Reshape(small, name="decoder_reshape")(features)
    for number in (1, 2):
        features = layers.Conv2DTranspose(
            width,
            3,
            strides=2,
            padding="same",
            activation="relu",
            data_format="channels_last",
            name=f"decoder_conv_{number}",
        )(features)
    features = layers.Cropping2D(
        ((0, 4 * small[0] - height), (0, 4 * small[1] - breadth)),
        data_format="channels_last",
        name="decoder_crop",
    )(features)
    images = layers.Conv2D(
        channels,
        3,
        padding="same",
        activation="sigmoid",
        data_format="channels_last",
        name="decoder_output",
    )(features)
    return keras.Model(latents, images)
