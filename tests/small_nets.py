"""Nets for tests that are about something else: tracing the tutorial's takes most of a training.

They are registered as `small` and `small-map` in the process of the tests; to another process,
this file is a plugin. The encoders have a batch norm, whose averages a run has to keep.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import layers

import vaekit

SMALL_NETS: dict[str, Any] = {"encoder": "small", "decoder": "small"}


def encoder(image_shape: tuple[int, int, int], *, width: int = 8) -> keras.Model:
    """One dense layer.

    Args:
        width: its units.
    """
    images = layers.Input(image_shape)
    features = layers.Dense(width, use_bias=False)(layers.Flatten()(images))
    return keras.Model(images, layers.LeakyReLU()(layers.BatchNormalization()(features)))


def map_encoder(image_shape: tuple[int, int, int], *, width: int = 8) -> keras.Model:
    """One convolution, to a map of a quarter of the image's sides.

    Args:
        width: its channels.
    """
    images = layers.Input(image_shape)
    features = layers.Conv2D(width, 3, strides=4, padding="same", use_bias=False)(images)
    return keras.Model(images, layers.LeakyReLU()(layers.BatchNormalization()(features)))


def decoder(latent_dim: int, image_shape: tuple[int, int, int], *, width: int = 8) -> keras.Model:
    """Two dense layers.

    Args:
        width: units of the first.
    """
    latents = layers.Input((latent_dim,))
    pixels = layers.Dense(math.prod(image_shape), activation="sigmoid")(
        layers.Dense(width, activation="relu")(latents)
    )
    return keras.Model(latents, layers.Reshape(image_shape)(pixels))


@vaekit.hookimpl
def register_encoders(register: vaekit.Register) -> None:
    register("small", encoder, summary="One dense layer.")
    register("small-map", map_encoder, summary="One convolution.")


@vaekit.hookimpl
def register_decoders(register: vaekit.Register) -> None:
    register("small", decoder, summary="Two dense layers.")
