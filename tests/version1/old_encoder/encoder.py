"""The encoder `old-encoder`."""

from typing import Annotated

import keras
from annotated_types import Ge
from keras import layers


def encoder(image_shape: tuple[int, int, int], *, width: Annotated[int, Ge(1)] = 32) -> keras.Model:
    """Two convolutions 3x3 of stride 2, each with ReLU.

    Images `(B, H, W, C)` in [0, 1] to features `(B, ceil(H/4), ceil(W/4), 2 width)`. vaekit
    flattens them, adds the heads for `z_mean` and `z_log_var`, and samples.

    Args:
        width: filters of the first convolution; the second has twice as many.
    """
    images = features = layers.Input(image_shape, name="encoder_input")
    for number, filters in enumerate((width, 2 * width), start=1):
        features = layers.Conv2D(
            filters,
            3,
            strides=2,
            padding="same",
            activation="relu",
            data_format="channels_last",
            name=f"encoder_conv_{number}",
        )(features)
    return keras.Model(images, features)
