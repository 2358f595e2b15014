"""Backbones of one layer each, which compile in a moment: for tests of what isn't about them."""

from __future__ import annotations

import math

import keras
from keras import layers

import vaekit


def dense_encoder(image_shape: tuple[int, int, int], *, units: int = 6) -> keras.Model:
    """Images to `units` features."""
    images = keras.Input(image_shape)
    flat = layers.Flatten(name="dense_encoder_flatten")(images)
    features = layers.Dense(units, "tanh", name="dense_encoder_features")(flat)
    return keras.Model(images, features)


def dense_decoder(latent_dim: int, image_shape: tuple[int, int, int]) -> keras.Model:
    """Latents to images, linear in the latents."""
    z = keras.Input((latent_dim,))
    pixels = layers.Dense(math.prod(image_shape), name="dense_decoder_pixels")(z)
    return keras.Model(z, layers.Reshape(image_shape, name="dense_decoder_image")(pixels))


def register_dense() -> dict[str, str]:
    """Offer both, by the name `dense`; gives the part of a config that asks for them."""
    vaekit.register_encoder("dense", dense_encoder)
    vaekit.register_decoder("dense", dense_decoder)
    return {"encoder": "dense", "decoder": "dense"}
