"""The autoencoder of latent diffusion: a residual net from colour images to a map, and back.

Rombach et al., "High-resolution image synthesis with latent diffusion models" (arXiv:2112.10752),
`autoencoder_kl_64x64x3` (f = 4) and `autoencoder_kl_32x32x4` (f = 8) of their code. There `width`
is 128 and `depth` 2; the defaults here are small enough to train on a processor. The latent's own
heads stand in for their last convolution of the encoder, 3x3.
"""

from __future__ import annotations

from typing import Annotated

import keras
import vaekit
from annotated_types import Ge
from keras import layers
from vaekit import stock_layers

from vaekit_backbones.blocks import CHANNELS_LAST, activated, convolution, middle, residual_block

Width = Annotated[int, Ge(1)]
Depth = Annotated[int, Ge(1)]

# Filters of each map, from the image on, as multiples of `width`; each but the last is halved.
MULTIPLES = {4: (1, 2, 4), 8: (1, 2, 4, 4)}


def encoder_f4(
    image_shape: tuple[int, int, int], *, width: Width = 32, depth: Depth = 1
) -> keras.Model:
    """Images to a map of a quarter of their sides, with attention there: `(B, h, w, 4 width)`.

    Args:
        width: filters of the first map; the others have 2 and 4 times as many.
        depth: residual blocks on each map.
    """
    return _encoder(image_shape, 4, width, depth)


def encoder_f8(
    image_shape: tuple[int, int, int], *, width: Width = 32, depth: Depth = 1
) -> keras.Model:
    """Images to a map of an eighth of their sides, with attention there: `(B, h, w, 4 width)`.

    Args:
        width: filters of the first map; the others have 2, 4 and 4 times as many.
        depth: residual blocks on each map.
    """
    return _encoder(image_shape, 8, width, depth)


def decoder_f4(
    latent_shape: tuple[int, ...],
    image_shape: tuple[int, int, int],
    *,
    width: Width = 32,
    depth: Depth = 1,
) -> keras.Model:
    """Images `(B, H, W, C)` of a map of a quarter of their sides, or of a vector.

    Args:
        width: filters of the last map; those before it have 2 and 4 times as many.
        depth: residual blocks on each map, and one more.

    Raises:
        BuildError: The map has other sides.
    """
    return _decoder(latent_shape, image_shape, 4, width, depth)


def decoder_f8(
    latent_shape: tuple[int, ...],
    image_shape: tuple[int, int, int],
    *,
    width: Width = 32,
    depth: Depth = 1,
) -> keras.Model:
    """Images `(B, H, W, C)` of a map of an eighth of their sides, or of a vector.

    Args:
        width: filters of the last map; those before it have 2, 4 and 4 times as many.
        depth: residual blocks on each map, and one more.

    Raises:
        BuildError: The map has other sides.
    """
    return _decoder(latent_shape, image_shape, 8, width, depth)


def _encoder(image_shape: tuple[int, int, int], factor: int, width: int, depth: int) -> keras.Model:
    multiples = MULTIPLES[factor]
    images = keras.Input(image_shape, name="encoder_input")
    features = layers.Rescaling(2.0, -1.0, name="encoder_centre")(images)
    features = convolution(features, width, "encoder_stem")
    for stage, multiple in enumerate(multiples, start=1):
        for number in range(1, depth + 1):
            name = f"encoder_stage{stage}_block{number}"
            features = residual_block(features, width * multiple, name)
        if stage < len(multiples):
            name = f"encoder_stage{stage}_halve"
            features = convolution(features, width * multiple, name, strides=2)
    features = activated(middle(features, "encoder_middle"), "encoder")
    return keras.Model(images, features, name=f"kl_f{factor}_encoder")


def _decoder(
    latent_shape: tuple[int, ...],
    image_shape: tuple[int, int, int],
    factor: int,
    width: int,
    depth: int,
) -> keras.Model:
    height, image_width, channels = image_shape
    rows, columns = (-(-side // factor) for side in (height, image_width))
    multiples = MULTIPLES[factor][::-1]
    z = features = keras.Input(latent_shape, name="decoder_input")
    if len(latent_shape) == 1:
        features = layers.Dense(rows * columns * latent_shape[0], name="decoder_dense")(features)
        features = layers.Reshape((rows, columns, latent_shape[0]), name="decoder_map")(features)
    elif latent_shape[:2] != (rows, columns):
        taken, size = f"{rows}x{columns}", "x".join(map(str, latent_shape[:2]))
        raise vaekit.BuildError(
            f"The decoder kl-f{factor} makes images of {height}x{image_width} from a map of "
            f"{taken}, not {size}: choose the encoder kl-f{factor}, or another decoder."
        )
    features = middle(convolution(features, width * multiples[0], "decoder_stem"), "decoder_middle")
    for stage, multiple in enumerate(multiples, start=1):
        for number in range(1, depth + 2):
            name = f"decoder_stage{stage}_block{number}"
            features = residual_block(features, width * multiple, name)
        if stage < len(multiples):
            name = f"decoder_stage{stage}_double"
            features = layers.UpSampling2D(data_format=CHANNELS_LAST, name=name)(features)
            features = convolution(features, width * multiple, f"{name}_conv")
    features = stock_layers.cropped(features, (height, image_width), "decoder_crop")
    images = convolution(activated(features, "decoder"), channels, "decoder_output")
    return keras.Model(z, images, name=f"kl_f{factor}_decoder")
