"""A residual encoder and decoder for images of any size and any number of channels.

Blocks are those of He et al., "Identity mappings in deep residual networks" (arXiv:1603.05027),
without normalisation: the last convolution of each begins at zero, so that a deep net begins as a
shallow one, after Zhang et al., "Fixup initialization" (arXiv:1901.09321). What is trained is then
what is evaluated, however few the steps.
"""

from __future__ import annotations

from typing import Annotated, Literal

import keras
from annotated_types import Ge
from keras import layers

# vaekit's images are, whatever a user's Keras configuration says of others.
CHANNELS_LAST = "channels_last"
SMALLEST = 4  # maps are halved until their lesser side is no longer than this
WIDEST = 128  # filters

Width = Annotated[int, Ge(1)]
Depth = Annotated[int, Ge(0)]
Normalisation = Literal["none", "batch", "group"]


def encoder(
    image_shape: tuple[int, int, int],
    *,
    width: Width = 32,
    depth: Depth = 1,
    norm: Normalisation = "none",
) -> keras.Model:
    """Strided convolutions 3x3 that halve the map to 4x4 or less, residual blocks after each.

    The filters double from map to map, up to 128.

    Args:
        width: filters of the first map, which has half the image's height and width.
        depth: residual blocks on each map.
        norm: normalisation before each activation of a block.
    """
    net = _Net("encoder", norm)
    images = layers.Input(image_shape, name="encoder_input")
    features = layers.Rescaling(2.0, -1.0, name="encoder_centre")(images)
    for stage, filters in enumerate(_filters(image_shape, width), start=1):
        features = net.convolution(features, filters, f"stage{stage}_down", strides=2)
        for block in range(1, depth + 1):
            features = net.block(features, f"stage{stage}_block{block}")
    features = net.activated(features, "features")
    return keras.Model(images, features, name="residual_encoder")


def decoder(
    latent_dim: int,
    image_shape: tuple[int, int, int],
    *,
    width: Width = 32,
    depth: Depth = 1,
    norm: Normalisation = "none",
) -> keras.Model:
    """The encoder's mirror: maps are repeated to twice their size, then convolved.

    A transposed convolution would leave a checkerboard: Odena et al., "Deconvolution and
    checkerboard artifacts" (Distill, 2016). What is too large is cropped. A sigmoid keeps
    the means in [0, 1].

    Args:
        width: filters of the largest map, which has half the image's height and width.
        depth: residual blocks on each map.
        norm: normalisation before each activation of a block.
    """
    net = _Net("decoder", norm)
    height, breadth, channels = image_shape
    filters = _filters(image_shape, width)[::-1]
    scale = 2 ** len(filters)
    small = (-(-height // scale), -(-breadth // scale), filters[0])
    latents = layers.Input((latent_dim,), name="decoder_input")
    features = layers.Dense(small[0] * small[1] * small[2], name="decoder_dense")(latents)
    features = layers.Reshape(small, name="decoder_reshape")(features)
    for stage, count in enumerate(filters, start=1):
        if stage > 1:
            features = net.convolution(
                net.enlarged(features, f"stage{stage}"), count, f"stage{stage}_up"
            )
        for block in range(1, depth + 1):
            features = net.block(features, f"stage{stage}_block{block}")
    features = net.enlarged(net.activated(features, "features"), "image")
    images = net.convolution(features, channels, "image")
    excess = (small[0] * scale - height, small[1] * scale - breadth)
    if any(excess):
        crop = tuple((more // 2, more - more // 2) for more in excess)
        images = layers.Cropping2D(crop, data_format=CHANNELS_LAST, name="decoder_crop")(images)
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


class _Net:
    """Layers by name, as one net of the two has them."""

    def __init__(self, prefix: str, norm: Normalisation) -> None:
        self._prefix, self._norm = prefix, norm

    def convolution(
        self, features: keras.KerasTensor, filters: int, name: str, strides: int = 1, **options: str
    ) -> keras.KerasTensor:
        return layers.Conv2D(
            filters,
            3,
            strides,
            padding="same",
            data_format=CHANNELS_LAST,
            name=f"{self._prefix}_{name}",
            **options,
        )(features)

    def enlarged(self, features: keras.KerasTensor, name: str) -> keras.KerasTensor:
        name = f"{self._prefix}_{name}_repeat"
        return layers.UpSampling2D(data_format=CHANNELS_LAST, name=name)(features)

    def activated(self, features: keras.KerasTensor, name: str) -> keras.KerasTensor:
        name = f"{self._prefix}_{name}"
        if self._norm == "batch":
            features = layers.BatchNormalization(name=f"{name}_norm")(features)
        elif self._norm == "group":
            features = layers.GroupNormalization(8, name=f"{name}_norm")(features)
        return layers.LeakyReLU(name=f"{name}_relu")(features)

    def block(self, features: keras.KerasTensor, name: str) -> keras.KerasTensor:
        """The features, and what two convolutions make of them."""
        filters = features.shape[-1]
        change = self.activated(features, f"{name}_1")
        change = self.convolution(change, filters, f"{name}_conv1", kernel_initializer="he_normal")
        change = self.activated(change, f"{name}_2")
        change = self.convolution(change, filters, f"{name}_conv2", kernel_initializer="zeros")
        return layers.Add(name=f"{self._prefix}_{name}_add")([features, change])
