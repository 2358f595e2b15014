"""A plugin file: the backbones of a linear VAE, which training takes as it takes any part."""

from __future__ import annotations

import math

import keras
from keras import layers

import vaekit

# Pixels lie about 0.5, and by this unit their deviations suit Adam's steps.
_CENTRE, _UNIT = 0.5, 0.04


def encoder(image_shape: tuple[int, int, int]) -> keras.Model:
    """Pixels about 0: z is affine in them."""
    images = keras.Input(image_shape)
    about_zero = layers.Rescaling(1.0 / _UNIT, -_CENTRE / _UNIT)(images)
    return keras.Model(images, layers.Flatten()(about_zero))


def decoder(latent_dim: int, image_shape: tuple[int, int, int]) -> keras.Model:
    """The way back, affine in z."""
    z = keras.Input((latent_dim,))
    start = keras.initializers.RandomNormal(stddev=0.1)
    about_zero = layers.Dense(math.prod(image_shape), kernel_initializer=start)(z)
    images = layers.Rescaling(_UNIT, _CENTRE)(layers.Reshape(image_shape)(about_zero))
    return keras.Model(z, images)


@vaekit.hookimpl
def register_encoders(register: vaekit.Register) -> None:
    """Offer the encoder."""
    register("proof-linear", encoder, summary="Pixels as they are, about 0.")


@vaekit.hookimpl
def register_decoders(register: vaekit.Register) -> None:
    """Offer the decoder."""
    register("proof-linear", decoder, summary="An affine map of z.")
