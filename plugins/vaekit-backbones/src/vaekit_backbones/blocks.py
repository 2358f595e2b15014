"""The blocks of latent diffusion's autoencoder: residual convolutions, and attention over a map.

Rombach et al., "High-resolution image synthesis with latent diffusion models" (arXiv:2112.10752),
appendix G and its code; after Esser et al., "Taming transformers" (arXiv:2012.09841), table 7.
"""

from __future__ import annotations

import math

import keras
from keras import layers

CHANNELS_LAST = "channels_last"  # vaekit's images are, whatever ~/.keras/keras.json says


def convolution(
    features: keras.KerasTensor, filters: int, name: str, *, size: int = 3, strides: int = 1
) -> keras.KerasTensor:
    """A convolution that keeps the map's size, or divides it by `strides`, rounded up."""
    return layers.Conv2D(
        filters, size, strides, padding="same", data_format=CHANNELS_LAST, name=name
    )(features)


def normalised(features: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """Group normalisation, in 32 groups of 128 filters or more, else in groups of four.

    Nothing of it depends on the batch, so that training and use are the same.
    """
    filters = features.shape[-1]
    groups = max(1, math.gcd(filters, 128) // 4)
    return layers.GroupNormalization(groups, epsilon=1e-6, name=name)(features)


def activated(features: keras.KerasTensor, name: str, number: str = "") -> keras.KerasTensor:
    """Group normalisation, then x sigmoid(x)."""
    features = normalised(features, f"{name}_norm{number}")
    return layers.Activation("silu", name=f"{name}_silu{number}")(features)


def residual_block(features: keras.KerasTensor, filters: int, name: str) -> keras.KerasTensor:
    """Two 3x3 convolutions, each after normalisation and activation, added to what comes in."""
    change = convolution(activated(features, name, "1"), filters, f"{name}_conv1")
    change = convolution(activated(change, name, "2"), filters, f"{name}_conv2")
    if features.shape[-1] != filters:
        features = convolution(features, filters, f"{name}_shortcut", size=1)
    return layers.Add(name=f"{name}_add")([features, change])


def middle(features: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """A residual block, attention between all places of the map, and another residual block.

    One place has nothing to choose between, so that attention there would have weights without a
    gradient.
    """
    rows, columns, filters = features.shape[1:]
    features = residual_block(features, filters, f"{name}_block1")
    if rows * columns == 1:
        return residual_block(features, filters, f"{name}_block2")
    places = normalised(features, f"{name}_attention_norm")
    places = layers.Reshape((rows * columns, filters), name=f"{name}_places")(places)
    attention = layers.MultiHeadAttention(1, filters, name=f"{name}_attention")
    change = attention(places, places)
    change = layers.Reshape((rows, columns, filters), name=f"{name}_map")(change)
    features = layers.Add(name=f"{name}_add")([features, change])
    return residual_block(features, filters, f"{name}_block2")
