"""The residual encoder, and the one whose map has a chosen size."""

from __future__ import annotations

from typing import Annotated

import keras
import vaekit
from annotated_types import Ge

from vaekit_resnet.blocks import (
    activated,
    check_image_shape,
    convolution,
    map_sizes,
    residual_block,
)


def resnet(
    image_shape: tuple[int, int, int],
    *,
    width: Annotated[int, Ge(1)] = 32,
    depth: Annotated[int, Ge(1)] = 2,
    stages: Annotated[int, Ge(1)] = 3,
) -> keras.Model:
    """A residual encoder: images `(B, H, W, C)` to a feature map `(B, h, w, filters)`.

    A 3x3 convolution, then stages of residual blocks. Each stage halves the map in its first
    block and has twice the filters of the one before. After He et al. 2016, "Deep residual
    learning for image recognition", https://arxiv.org/abs/1512.03385, with the blocks of
    https://arxiv.org/abs/1603.05027.

    Args:
        image_shape: Height, width and channels of the images; at least 8x8 pixels.
        width: Filters of the first stage; each further stage has twice as many.
        depth: Residual blocks in each stage.
        stages: Stages, each halving the map; fewer where it would shrink below 2x2.

    Raises:
        BuildError: The images are smaller than 8x8 or have no channel.
    """
    check_image_shape("resnet encoder", image_shape)
    return _encoder(image_shape, width, depth, len(map_sizes(image_shape, stages)), "resnet")


def resnet_map(
    image_shape: tuple[int, int, int],
    *,
    width: Annotated[int, Ge(1)] = 32,
    depth: Annotated[int, Ge(1)] = 2,
    halvings: Annotated[int, Ge(1)] = 2,
) -> keras.Model:
    """The `resnet` encoder for latents that are maps: its map is halved as often as is said.

    Features are `(B, h, w, filters)`, h and w being those of the images, halved `halvings` times
    and rounded up each time.

    Args:
        image_shape: Height, width and channels of the images; at least 8x8 pixels.
        width: Filters of the first stage; each further stage has twice as many.
        depth: Residual blocks in each stage.
        halvings: Stages, each halving the map, which may not become smaller than 2x2.

    Raises:
        BuildError: The images are smaller than 8x8, have no channel, or can't be halved so often.
    """
    check_image_shape("resnet-map encoder", image_shape)
    most = len(map_sizes(image_shape, halvings))
    if most < halvings:
        shape = "x".join(map(str, image_shape))
        raise vaekit.BuildError(
            f"The resnet-map encoder can't halve {shape} images {halvings} times, since its map "
            f"would be smaller than 2x2: take halvings={most}, or larger images."
        )
    return _encoder(image_shape, width, depth, halvings, "resnet_map")


def _encoder(
    image_shape: tuple[int, int, int], width: int, depth: int, stages: int, name: str
) -> keras.Model:
    inputs = keras.Input(image_shape, name="encoder_input")
    x = convolution(inputs, width, 3, "encoder_stem")
    for stage in range(1, stages + 1):
        for block in range(1, depth + 1):
            block_name = f"encoder_stage{stage}_block{block}"
            x = residual_block(x, width * 2 ** (stage - 1), block_name, down=block == 1)
    features = activated(x, "encoder_features")
    return keras.Model(inputs, features, name=f"{name}_encoder")
