"""Decoders: one dense layer, and a fault."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

from tests.testing.gallery.shown import breaks


def drawn(latent_dim, image_shape, **dense):
    latents = layers.Input((latent_dim,))
    pixels = layers.Dense(int(np.prod(image_shape)), **dense)(latents)
    return latents, layers.Reshape(image_shape)(pixels)


@breaks("decoder", "gives_the_declared_shape")
def rounds_odd_sizes_up(latent_dim, image_shape):
    height, width, channels = image_shape
    return keras.Model(*drawn(latent_dim, (height + height % 2, width, channels)))


@breaks("decoder", "trains_ten_steps")
def leaps(latent_dim, image_shape):
    small = keras.initializers.RandomNormal(stddev=1e-6)
    latents, images = drawn(latent_dim, image_shape, kernel_initializer=small)
    return keras.Model(latents, layers.Rescaling(300.0)(layers.Rescaling(300.0)(images)))


@breaks("decoder", "works_on_logits")
def ends_in_a_product(latent_dim, image_shape):
    latents, images = drawn(latent_dim, image_shape)
    return keras.Model(latents, layers.Multiply()([images, layers.Rescaling(0.5, 0.5)(images)]))


@breaks("decoder", "refuses_what_it_does_not_claim", latent_dims=(2, 8))
def takes_any_latents(latent_dim, image_shape):
    return keras.Model(*drawn(latent_dim, image_shape))


@breaks("decoder", "refuses_what_it_does_not_claim", latent_axes=(3,))
def takes_vectors_too(latent_shape, image_shape):
    z = layers.Input(latent_shape)
    pixels = layers.Dense(int(np.prod(image_shape)))(layers.Flatten()(z))
    return keras.Model(z, layers.Reshape(image_shape)(pixels))
