"""The residual decoder, and the one that begins at a map."""

from __future__ import annotations

import math
from typing import Annotated

import keras
import vaekit
from annotated_types import Ge
from keras import layers
from vaekit import stock_layers

from vaekit_resnet.blocks import (
    CHANNELS_LAST,
    activated,
    check_image_shape,
    convolution,
    map_sizes,
    residual_block,
)


def resnet(
    latent_dim: int,
    image_shape: tuple[int, int, int],
    *,
    width: Annotated[int, Ge(1)] = 32,
    depth: Annotated[int, Ge(1)] = 2,
    stages: Annotated[int, Ge(1)] = 3,
) -> keras.Model:
    """A residual decoder: latents `(B, latent_dim)` to images `(B, H, W, C)`.

    The mirror of the `resnet` encoder: a dense layer makes the smallest map, then each stage
    doubles it in its first block, and the last has `width` filters. Sizes that are no multiple
    of the smallest map are cropped. The output is linear, so it serves as logits and as means.
    After He et al. 2016, https://arxiv.org/abs/1512.03385 and https://arxiv.org/abs/1603.05027.

    Args:
        latent_dim: Length of the latent vector.
        image_shape: Height, width and channels of the images; at least 8x8 pixels.
        width: Filters of the last stage; each stage before it has twice as many.
        depth: Residual blocks in each stage.
        stages: Stages, each doubling the map; fewer where the first would be below 2x2.

    Raises:
        BuildError: The latent vector is empty, or the images are smaller than 8x8 or have no
            channel.
    """
    check_image_shape("resnet decoder", image_shape)
    if latent_dim < 1:
        raise vaekit.BuildError(
            f"The resnet decoder takes a latent vector of length 1 or more, not {latent_dim}: "
            "raise latent_dim."
        )
    sizes = map_sizes(image_shape, stages)
    rows, columns = sizes[-1]
    filters = width * 2 ** (len(sizes) - 1)

    inputs = keras.Input((latent_dim,), name="decoder_input")
    x = layers.Dense(rows * columns * filters, name="decoder_dense")(inputs)
    x = layers.Reshape((rows, columns, filters), name="decoder_reshape")(x)
    images = _doubled(x, image_shape, width, depth, len(sizes))
    return keras.Model(inputs, images, name="resnet_decoder")


def resnet_map(
    latent_shape: tuple[int, ...],
    image_shape: tuple[int, int, int],
    *,
    width: Annotated[int, Ge(1)] = 32,
    depth: Annotated[int, Ge(1)] = 2,
) -> keras.Model:
    """The `resnet` decoder for latents that are maps: `(B, h, w, d)` to images `(B, H, W, C)`.

    A 3x3 convolution takes the place of the dense layer, so that each place of z is next to the
    pixels that it is of. The map is doubled until it covers the image, then cropped to it. Where z
    is a vector, this is `resnet`.

    Args:
        latent_shape: Shape of z.
        image_shape: Height, width and channels of the images; at least 8x8 pixels.
        width: Filters of the last stage; each stage before it has twice as many.
        depth: Residual blocks in each stage.

    Raises:
        BuildError: The map is larger than the images, or the images are smaller than 8x8 or have
            no channel.
    """
    check_image_shape("resnet-map decoder", image_shape)
    if len(latent_shape) == 1:
        return resnet(latent_shape[0], image_shape, width=width, depth=depth)
    rows, columns, _ = latent_shape
    height, image_width, _ = image_shape
    if rows > height or columns > image_width:
        raise vaekit.BuildError(
            f"The resnet-map decoder takes a map that is no larger than the images, not "
            f"{rows}x{columns} for {height}x{image_width} pixels: choose an encoder that halves "
            "its map."
        )
    stages = max(math.ceil(math.log2(height / rows)), math.ceil(math.log2(image_width / columns)))
    inputs = keras.Input(latent_shape, name="decoder_input")
    x = convolution(inputs, width * 2 ** max(stages - 1, 0), 3, "decoder_stem")
    images = _doubled(x, image_shape, width, depth, stages)
    return keras.Model(inputs, images, name="resnet_map_decoder")


def _doubled(
    x: keras.KerasTensor, image_shape: tuple[int, int, int], width: int, depth: int, stages: int
) -> keras.KerasTensor:
    """Images from a map that `stages` doublings make at least as large."""
    height, image_width, channels = image_shape
    for stage in range(1, stages + 1):
        for block in range(1, depth + 1):
            name = f"decoder_stage{stage}_block{block}"
            x = residual_block(x, width * 2 ** (stages - stage), name, up=block == 1)
    x = stock_layers.cropped(x, (height, image_width), "decoder_crop")
    x = activated(x, "decoder_features")
    return layers.Conv2D(
        channels, 3, padding="same", data_format=CHANNELS_LAST, name="decoder_output"
    )(x)
