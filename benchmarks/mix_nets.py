"""Nets for `benchmarks/mix.py`: as small as they can be, a plugin of one file."""

from __future__ import annotations

import math

import keras
from keras import layers

import vaekit


def encoder(image_shape: tuple[int, int, int]) -> keras.Model:
    """One convolution to a map a quarter as high and wide, and what training moves by averages."""
    images = layers.Input(image_shape)
    x = layers.Conv2D(4, 3, strides=4, padding="same", activation="tanh")(images)
    return keras.Model(images, layers.BatchNormalization()(x))


def vector_decoder(latent_dim: int, image_shape: tuple[int, int, int]) -> keras.Model:
    """Two dense layers."""
    z = layers.Input((latent_dim,))
    return keras.Model(z, _pixels(layers.Dense(8, activation="tanh")(z), image_shape))


def map_decoder(latent_shape: tuple[int, ...], image_shape: tuple[int, int, int]) -> keras.Model:
    """A layer at each place of a map, and a dense one; of a vector, both are dense."""
    z = layers.Input(latent_shape)
    return keras.Model(z, _pixels(layers.Dense(4, activation="tanh")(z), image_shape))


def _pixels(x: keras.KerasTensor, image_shape: tuple[int, int, int]) -> keras.KerasTensor:
    pixels = layers.Dense(math.prod(image_shape))(layers.Flatten()(x))
    return layers.Reshape(image_shape)(layers.Activation("sigmoid")(pixels))


@vaekit.hookimpl
def register_encoders(register: vaekit.Register) -> None:
    register("mix-encoder", encoder, summary="One convolution.")


@vaekit.hookimpl
def register_decoders(register: vaekit.Register) -> None:
    register("mix-vector", vector_decoder, summary="Two dense layers.")
    register("mix-map", map_decoder, summary="A layer at each place, and a dense one.")
