"""The nets that a part is trained beside: the least that has what the kit's own have.

Of the kit's, compiling takes seconds, of which the part under check is the least. These have one of
each thing that a part can get on with or not: features that are a map, batch norm, whose averages
training alone moves, and a last layer that the kit gives the activation that the loss works on.
They are wide, which takes no time here: so ten small steps take a loss down as far as beside the
kit's, far beyond the noise of z.
"""

from __future__ import annotations

import math

import keras
from keras import layers

from vaekit.testing.subject import Subject, subject_of
from vaekit.types import Factory, ImageShape

_CHANNELS_LAST = "channels_last"
_CHANNELS, _UNITS = 64, 2048


def one_convolution(image_shape: ImageShape) -> keras.Model:
    """An encoder of features `(B, ceil(H/4), ceil(W/4), 64)`."""
    images = layers.Input(image_shape)
    features = layers.Conv2D(
        _CHANNELS, 4, strides=4, padding="same", data_format=_CHANNELS_LAST, use_bias=False
    )(images)
    return keras.Model(images, layers.LeakyReLU()(layers.BatchNormalization()(features)))


def two_dense(latent_dim: int, image_shape: ImageShape) -> keras.Model:
    """A decoder of a vector."""
    latents = layers.Input((latent_dim,))
    features = layers.Dense(_UNITS, use_bias=False)(latents)
    features = layers.LeakyReLU()(layers.BatchNormalization()(features))
    pixels = layers.Dense(math.prod(image_shape))(features)
    return keras.Model(latents, layers.Reshape(image_shape)(pixels))


_PARTNERS: dict[str, Factory] = {"encoder": one_convolution, "decoder": two_dense}


def partner(kind: str) -> Subject:
    """The encoder or the decoder that a part which is neither goes beside."""
    return subject_of(_PARTNERS[kind], kind)
