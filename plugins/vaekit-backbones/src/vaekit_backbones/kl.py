"""The autoencoder of latent diffusion: a residual net from colour images to a map, and back.

Rombach et al., "High-resolution image synthesis with latent diffusion models" (arXiv:2112.10752),
`autoencoder_kl_64x64x3` (f = 4) and `autoencoder_kl_32x32x4` (f = 8) of their code. There `width`
is 128 and `depth` 2; the defaults here are small enough to train on a processor. The latent's own
heads stand in for their last convolution of the encoder, 3x3.
"""

from __future__ import annotations

import math
from typing import Annotated

import keras
import vaekit
from annotated_types import Ge
from keras import layers
from vaekit import stock_layers

from vaekit_backbones.blocks import CHANNELS_LAST, activated, convolution, middle, residual_block

Width = Annotated[int, Ge(1)]
Depth = Annotated[int, Ge(1)]


def encoder_f4(
    image_shape: tuple[int, int, int], *, width: Width = 32, depth: Depth = 1
) -> keras.Model:
    """Images to a map of a quarter of their sides, with attention there: `(B, h, w, 4 width)`.

    Args:
        width: filters of the first map; the others have 2 and 4 times as many.
        depth: residual blocks on each map.
    """
    return _encoder(image_shape, 2, width, depth)


def encoder_f8(
    image_shape: tuple[int, int, int], *, width: Width = 32, depth: Depth = 1
) -> keras.Model:
    """Images to a map of an eighth of their sides, with attention there: `(B, h, w, 4 width)`.

    Args:
        width: filters of the first map; the others have 2, 4 and 4 times as many.
        depth: residual blocks on each map.
    """
    return _encoder(image_shape, 3, width, depth)


def decoder_f4(
    latent_shape: tuple[int, ...],
    image_shape: tuple[int, int, int],
    *,
    width: Width = 32,
    depth: Depth = 1,
) -> keras.Model:
    """Images `(B, H, W, C)` of a map, which is doubled until it covers them, or of a vector.

    A vector becomes a map of a quarter of the images' sides by a dense layer.

    Args:
        width: filters of the last map; those before it have 2 and 4 times as many.
        depth: residual blocks on each map, and one more.

    Raises:
        BuildError: The map is larger than the images.
    """
    return _decoder(latent_shape, image_shape, 2, width, depth)


def decoder_f8(
    latent_shape: tuple[int, ...],
    image_shape: tuple[int, int, int],
    *,
    width: Width = 32,
    depth: Depth = 1,
) -> keras.Model:
    """Images `(B, H, W, C)` of a map, which is doubled until it covers them, or of a vector.

    A vector becomes a map of an eighth of the images' sides by a dense layer.

    Args:
        width: filters of the last map; those before it have 2, 4 and 4 times as many.
        depth: residual blocks on each map, and one more.

    Raises:
        BuildError: The map is larger than the images.
    """
    return _decoder(latent_shape, image_shape, 3, width, depth)


def _filters(halvings: int, width: int) -> list[int]:
    """Those of each map, from the image's size on: twice as many a halving, to 4 `width`."""
    return [min(2**stage, 4) * width for stage in range(halvings + 1)]


def _encoder(
    image_shape: tuple[int, int, int], halvings: int, width: int, depth: int
) -> keras.Model:
    images = keras.Input(image_shape, name="encoder_input")
    features = layers.Rescaling(2.0, -1.0, name="encoder_centre")(images)
    features = convolution(features, width, "encoder_stem")
    for stage, filters in enumerate(_filters(halvings, width)):
        for number in range(1, depth + 1):
            features = residual_block(features, filters, f"encoder_stage{stage}_block{number}")
        if stage < halvings:
            features = convolution(features, filters, f"encoder_stage{stage}_halve", strides=2)
    features = activated(middle(features, "encoder_middle"), "encoder")
    return keras.Model(images, features, name=f"kl_f{2**halvings}_encoder")


def _decoder(
    latent_shape: tuple[int, ...],
    image_shape: tuple[int, int, int],
    doublings: int,
    width: int,
    depth: int,
) -> keras.Model:
    """doublings: of the map that a vector becomes."""
    *size, channels = image_shape
    name = f"kl_f{2**doublings}_decoder"
    z = features = keras.Input(latent_shape, name="decoder_input")
    if len(latent_shape) == 1:
        small = (*(-(-side // 2**doublings) for side in size), latent_shape[0])
        features = layers.Dense(math.prod(small), name="decoder_dense")(features)
        features = layers.Reshape(small, name="decoder_map")(features)
    else:
        doublings = _doublings(latent_shape, image_shape, f"kl-f{2**doublings}")
    filters = _filters(doublings, width)[::-1]
    features = middle(convolution(features, filters[0], "decoder_stem"), "decoder_middle")
    for stage, count in enumerate(filters):
        for number in range(1, depth + 2):
            features = residual_block(features, count, f"decoder_stage{stage}_block{number}")
        if stage < doublings:
            features = layers.UpSampling2D(
                data_format=CHANNELS_LAST, name=f"decoder_stage{stage}_double"
            )(features)
            features = convolution(features, count, f"decoder_stage{stage}_conv")
    features = stock_layers.cropped(features, (size[0], size[1]), "decoder_crop")
    images = convolution(activated(features, "decoder"), channels, "decoder_output")
    return keras.Model(z, images, name=name)


def _doublings(latent_shape: tuple[int, ...], image_shape: tuple[int, int, int], name: str) -> int:
    """How many make a map of z at least as large as the images."""
    ratios = [side / place for side, place in zip(image_shape[:2], latent_shape[:2], strict=True)]
    if min(ratios) < 1:
        there, back = ("x".join(map(str, shape[:2])) for shape in (latent_shape, image_shape))
        raise vaekit.BuildError(
            f"The decoder {name} takes a map that is no larger than the images, not {there} for "
            f"{back} pixels: choose an encoder that halves its map, such as {name}."
        )
    return math.ceil(math.log2(max(ratios)))
