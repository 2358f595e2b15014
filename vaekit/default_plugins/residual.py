"""A residual encoder and decoder, for images of any size and any number of channels.

Blocks are those of He et al., "Identity mappings in deep residual networks" (arXiv:1603.05027),
without normalisation: the last convolution of each begins at zero, so that a deep net begins as a
shallow one, after Zhang et al., "Fixup initialization" (arXiv:1901.09321). Held-out images thus go
through what was trained, however few the steps; averages of batches would have to settle first.
"""

from __future__ import annotations

from typing import Annotated

import keras
from annotated_types import Ge
from keras import layers

from vaekit import stock_layers

# vaekit's images are, whatever a user's Keras configuration says of others.
CHANNELS_LAST = "channels_last"
SMALLEST = 4  # maps are halved until their lesser side is no longer than this
WIDEST = 128  # filters, where `width` isn't more


def encoder(
    image_shape: tuple[int, int, int],
    *,
    width: Annotated[int, Ge(1)] = 32,
    depth: Annotated[int, Ge(0)] = 1,
) -> keras.Model:
    """Convolutions 3x3 that halve the map to 4x4 or less, each with residual blocks after it.

    The filters double from map to map, up to 128. The first convolution takes pixels in [-1, 1].

    Args:
        width: filters of the first map, which has half the image's height and width.
        depth: residual blocks on each map.
    """
    images = layers.Input(image_shape, name="encoder_input")
    features = layers.Rescaling(2.0, -1.0, name="encoder_centre")(images)
    for stage, filters in enumerate(_filters(image_shape, width), start=1):
        name = f"encoder_stage{stage}"
        features = _convolution(features, filters, f"{name}_down", strides=2)
        features = _blocks(features, depth, name)
    features = layers.LeakyReLU(name="encoder_relu")(features)
    return keras.Model(images, features, name="residual_encoder")


def decoder(
    latent_dim: int,
    image_shape: tuple[int, int, int],
    *,
    width: Annotated[int, Ge(1)] = 32,
    depth: Annotated[int, Ge(0)] = 1,
) -> keras.Model:
    """The encoder's mirror: a map is interpolated to twice its size, and then convolved.

    Transposed convolutions would leave a checkerboard: Odena et al., "Deconvolution and
    checkerboard artifacts" (Distill, 2016). The last map is normalised, of each image by itself.
    What is too large is cropped, and a sigmoid keeps means in [0, 1].

    Args:
        width: filters of the largest map, which has half the image's height and width.
        depth: residual blocks on each map.
    """
    height, breadth, channels = image_shape
    filters = _filters(image_shape, width)[::-1]
    scale = 2 ** len(filters)
    small = (-(-height // scale), -(-breadth // scale), filters[0])
    latents = layers.Input((latent_dim,), name="decoder_input")
    features = layers.Dense(small[0] * small[1] * small[2], name="decoder_dense")(latents)
    features = layers.Reshape(small, name="decoder_reshape")(features)
    features = _blocks(features, depth, "decoder_stage1")
    for stage, count in enumerate(filters[1:], start=2):
        name = f"decoder_stage{stage}"
        features = _convolution(_enlarged(features, name), count, f"{name}_up")
        features = _blocks(features, depth, name)
    # Without, on images that are mostly black each step makes the map larger, and within an epoch
    # every pixel is so far on the sigmoid's flat side that nothing is learned any more.
    features = layers.GroupNormalization(1, name="decoder_norm")(features)
    features = layers.LeakyReLU(name="decoder_relu")(features)
    images = _convolution(_enlarged(features, "decoder"), channels, "decoder_image")
    images = stock_layers.cropped(images, (height, breadth), "decoder_crop")
    images = layers.Activation("sigmoid", name="decoder_output")(images)
    return keras.Model(latents, images, name="residual_decoder")


def _filters(image_shape: tuple[int, int, int], width: int) -> list[int]:
    """The filters of each map, from the largest to the smallest."""
    side = -(-min(image_shape[:2]) // 2)
    filters = [width]
    while side > SMALLEST:
        side = -(-side // 2)
        filters.append(max(width, min(2 * filters[-1], WIDEST)))
    return filters


def _convolution(
    features: keras.KerasTensor,
    filters: int,
    name: str,
    *,
    strides: int = 1,
    initializer: str = "glorot_uniform",
) -> keras.KerasTensor:
    return layers.Conv2D(
        filters,
        3,
        strides,
        padding="same",
        data_format=CHANNELS_LAST,
        kernel_initializer=initializer,
        name=name,
    )(features)


def _enlarged(features: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """A map of twice the height and width, interpolated: repeated pixels would show as a grid."""
    return layers.UpSampling2D(
        data_format=CHANNELS_LAST, interpolation="bilinear", name=f"{name}_enlarge"
    )(features)


def _blocks(features: keras.KerasTensor, depth: int, stage: str) -> keras.KerasTensor:
    """To the features, `depth` times, what two convolutions make of them is added."""
    filters = features.shape[-1]
    for number in range(1, depth + 1):
        name = f"{stage}_block{number}"
        change = layers.LeakyReLU(name=f"{name}_relu1")(features)
        change = _convolution(change, filters, f"{name}_conv1", initializer="he_normal")
        change = layers.LeakyReLU(name=f"{name}_relu2")(change)
        change = _convolution(change, filters, f"{name}_conv2", initializer="zeros")
        features = layers.Add(name=f"{name}_add")([features, change])
    return features
