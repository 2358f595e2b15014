"""The nets of the disentanglement papers, for images of any size.

Burgess et al., "Understanding disentangling in beta-VAE" (arXiv:1804.03599), appendix A, whose
images are 64x64. Larger ones have more convolutions, smaller ones fewer, so that the map between
convolutions and dense layers stays 4x4 or smaller.
"""

from __future__ import annotations

import keras
from keras import layers
from vaekit import stock_layers

CHANNELS_LAST = "channels_last"  # vaekit's images are, whatever ~/.keras/keras.json says
FILTERS = 32
KERNEL = 4
UNITS = 256
SMALLEST = 4  # maps are halved until their lesser side is no longer than this


def encoder(image_shape: tuple[int, int, int]) -> keras.Model:
    """Convolutions 4x4 of 32 filters that halve the map to 4x4, and two dense layers of 256.

    ReLU throughout. Images of 64x64 have four convolutions, as the paper's; features are
    `(B, 256)`.
    """
    images = features = keras.Input(image_shape, name="encoder_input")
    for number in range(1, _halvings(image_shape) + 1):
        features = layers.Conv2D(
            FILTERS,
            KERNEL,
            strides=2,
            padding="same",
            data_format=CHANNELS_LAST,
            activation="relu",
            name=f"encoder_conv{number}",
        )(features)
    features = stock_layers.flattened(features, "encoder_vector")
    for number in (1, 2):
        features = layers.Dense(UNITS, activation="relu", name=f"encoder_dense{number}")(features)
    return keras.Model(images, features, name="burgess_encoder")


def decoder(latent_dim: int, image_shape: tuple[int, int, int]) -> keras.Model:
    """The encoder's transpose: dense layers, and transposed convolutions 4x4 that double the map.

    ReLU throughout but for the last, whose output serves as logits and as means. A size that the
    doublings don't meet is made too large and cropped.
    """
    height, width, channels = image_shape
    halvings = _halvings(image_shape)
    rows, columns = (-(-side // 2**halvings) for side in (height, width))
    z = features = keras.Input((latent_dim,), name="decoder_input")
    for number, units in enumerate((UNITS, UNITS, rows * columns * FILTERS), start=1):
        features = layers.Dense(units, activation="relu", name=f"decoder_dense{number}")(features)
    features = layers.Reshape((rows, columns, FILTERS), name="decoder_reshape")(features)
    for number in range(1, halvings):
        features = _doubled(features, FILTERS, "relu", f"decoder_conv{number}")
    images = _doubled(features, channels, "linear", f"decoder_conv{halvings}")
    images = stock_layers.cropped(images, (height, width), "decoder_crop")
    return keras.Model(z, images, name="burgess_decoder")


def _halvings(image_shape: tuple[int, int, int]) -> int:
    """How often images are halved: at least once, and until the map's lesser side is 4 or less."""
    side = -(-min(image_shape[:2]) // 2)
    halvings = 1
    while side > SMALLEST:
        side = -(-side // 2)
        halvings += 1
    return halvings


def _doubled(
    features: keras.KerasTensor, filters: int, activation: str, name: str
) -> keras.KerasTensor:
    return layers.Conv2DTranspose(
        filters,
        KERNEL,
        strides=2,
        padding="same",
        data_format=CHANNELS_LAST,
        activation=activation,
        name=name,
    )(features)
