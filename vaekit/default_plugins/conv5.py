"""The encoder of the tutorial that vaekit follows."""

from __future__ import annotations

from typing import Annotated

import keras
from annotated_types import Ge
from keras import layers

# vaekit's images are, whatever a user's Keras configuration says of others.
CHANNELS_LAST = "channels_last"


def conv5(image_shape: tuple[int, int, int], *, width: Annotated[int, Ge(2)] = 64) -> keras.Model:
    """Five convolutions 3x3, each with batch normalisation and leaky ReLU; two halve the size.

    Filters 1, 32, 64, 64, 64 and strides 1, 1, 2, 2, 1, named as the tutorial prints them.
    Features are `(B, ceil(H/4), ceil(W/4), width)`.

    Args:
        width: filters of the last three convolutions; the second has half as many.
    """
    images = features = layers.Input(image_shape, name="encoder_input")
    filters = (1, width // 2, width, width, width)
    strides = (1, 1, 2, 2, 1)
    for number, (count, stride) in enumerate(zip(filters, strides, strict=True), start=1):
        # The tutorial calls its first activation by another name than the rest.
        activation = "encoder_leakyrelu_1" if number == 1 else f"encoder_activ_layer_{number}"
        features = layers.Conv2D(
            count,
            3,
            strides=stride,
            padding="same",
            data_format=CHANNELS_LAST,
            name=f"encoder_conv_{number}",
        )(features)
        features = layers.BatchNormalization(name=f"encoder_norm_{number}")(features)
        features = layers.LeakyReLU(name=activation)(features)
    return keras.Model(images, features, name="conv5")
