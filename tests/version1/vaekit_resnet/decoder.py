"""The residual decoder."""

from __future__ import annotations

from typing import Annotated

import keras
import vaekit
from annotated_types import Ge
from keras import layers

from vaekit_resnet.blocks import (
    CHANNELS_LAST,
    activated,
    check_image_shape,
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
    height, image_width, channels = image_shape
    sizes = map_sizes(image_shape, stages)
    rows, columns = sizes[-1]
    scale = 2 ** len(sizes)
    filters = width * 2 ** (len(sizes) - 1)

    inputs = keras.Input((latent_dim,), name="decoder_input")
    x = layers.Dense(rows * columns * filters, name="decoder_dense")(inputs)
    x = layers.Reshape((rows, columns, filters), name="decoder_reshape")(x)
    for stage in range(1, len(sizes) + 1):
        for block in range(1, depth + 1):
            name = f"decoder_stage{stage}_block{block}"
            x = residual_block(x, width * 2 ** (len(sizes) - stage), name, up=block == 1)
    x = layers.Cropping2D(
        (_halves(rows * scale - height), _halves(columns * scale - image_width)),
        data_format=CHANNELS_LAST,
        name="decoder_crop",
    )(x)
    x = activated(x, "decoder_features")
    images = layers.Conv2D(
        channels, 3, padding="same", data_format=CHANNELS_LAST, name="decoder_output"
    )(x)
    return keras.Model(inputs, images, name="resnet_decoder")


def _halves(excess: int) -> tuple[int, int]:
    """How much to crop before and after, so that the image stays in the middle."""
    return excess // 2, excess - excess // 2
