"""What the residual encoder and decoder share: their block, and the sizes that they accept."""

from __future__ import annotations

import keras
import vaekit
from keras import layers

CHANNELS_LAST = "channels_last"  # vaekit's images are, whatever ~/.keras/keras.json says
MIN_SIDE = 8


def check_image_shape(part: str, image_shape: tuple[int, int, int]) -> None:
    """Refuse, with `BuildError`, images that `part` ("resnet encoder") can't be built for."""
    shape = "x".join(map(str, image_shape))
    if len(image_shape) != 3 or image_shape[2] < 1:
        raise vaekit.BuildError(
            f"The {part} takes images of height x width x channels with at least one channel, "
            f"not {shape}: give grey images a last axis of length 1."
        )
    if min(image_shape[:2]) < MIN_SIDE:
        raise vaekit.BuildError(
            f"The {part} takes images of at least {MIN_SIDE}x{MIN_SIDE} pixels, not {shape}: "
            "enlarge or pad the images, or choose a part that takes smaller ones."
        )


def map_sizes(image_shape: tuple[int, int, int], stages: int) -> list[tuple[int, int]]:
    """Height and width of the feature map after each stage, at most `stages` of them.

    Each stage halves the map, rounding up; there is none that would leave fewer than 2x2 pixels.
    """
    height, width = image_shape[:2]
    sizes: list[tuple[int, int]] = []
    while len(sizes) < stages and min(height, width) > 2:
        height, width = -(-height // 2), -(-width // 2)
        sizes.append((height, width))
    return sizes


def convolution(
    x: keras.KerasTensor, filters: int, size: int, name: str, strides: int = 1
) -> keras.KerasTensor:
    """A convolution without bias: a normalisation always follows, and has one."""
    return layers.Conv2D(
        filters,
        size,
        strides,
        padding="same",
        data_format=CHANNELS_LAST,
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )(x)


def activated(x: keras.KerasTensor, name: str, number: str = "") -> keras.KerasTensor:
    """Batch normalisation, then ReLU."""
    # Keras's default momentum, 0.99, needs some 500 steps before the moving averages are of use.
    x = layers.BatchNormalization(momentum=0.9, name=f"{name}_norm{number}")(x)
    return layers.ReLU(name=f"{name}_relu{number}")(x)


def residual_block(
    x: keras.KerasTensor, filters: int, name: str, *, down: bool = False, up: bool = False
) -> keras.KerasTensor:
    """Two 3x3 convolutions, each after normalisation and ReLU, added to the block's input.

    This is the pre-activation block of He et al. 2016, "Identity mappings in deep residual
    networks", https://arxiv.org/abs/1603.05027. `(B, H, W, C)` becomes `(B, H, W, filters)`, with
    H and W halved (rounded up) if `down`, doubled if `up`. Where the shape changes, the shortcut
    is a 1x1 convolution of the activated input.
    """
    y = activated(x, name, "1")
    if up:
        y = layers.UpSampling2D(data_format=CHANNELS_LAST, name=f"{name}_up")(y)
    strides = 2 if down else 1
    if down or up or x.shape[-1] != filters:
        x = convolution(y, filters, 1, f"{name}_shortcut", strides)
    y = convolution(y, filters, 3, f"{name}_conv1", strides)
    y = activated(y, name, "2")
    y = convolution(y, filters, 3, f"{name}_conv2")
    return layers.Add(name=f"{name}_add")([x, y])
