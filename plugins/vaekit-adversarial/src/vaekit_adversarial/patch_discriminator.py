"""PatchGAN: a discriminator that judges an image patch by patch."""

from __future__ import annotations

import keras
from keras import layers

from vaekit_adversarial.depth import halvings

_MOST_HALVINGS, _WIDEST = 3, 8


def patch_discriminator(
    image_shape: tuple[int, int, int], latent_dim: int, *, width: int
) -> keras.Model:
    """Images to the logits `(B, h, w, 1)` of their patches being real.

    Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks"
    (arXiv:1611.07004), section 6.1.2: convolutions 4x4, of stride 2 as often as the image allows
    and three times at most, twice as wide each time up to 8 x width, then one of stride 1. Each
    image is normalised by itself, in the place of their batch norm: so what it is judged doesn't
    hang on the batch, and a gradient can be taken inside a step.
    """
    depth = halvings(image_shape, _MOST_HALVINGS)
    images = x = layers.Input(image_shape, name="discriminator_input")
    for number in range(depth + 1):
        x = layers.Conv2D(
            width * min(2**number, _WIDEST),
            4,
            strides=2 if number < depth else 1,
            padding="same",
            data_format="channels_last",
            name=f"discriminator_conv_{number + 1}",
        )(x)
        if number:
            x = layers.GroupNormalization(1, axis=-1, name=f"discriminator_norm_{number + 1}")(x)
        x = layers.LeakyReLU(negative_slope=0.2, name=f"discriminator_leaky_{number + 1}")(x)
    logits = layers.Conv2D(
        1,
        4,
        padding="same",
        data_format="channels_last",
        dtype="float32",
        name="discriminator_logits",
    )(x)
    return keras.Model(images, logits, name="discriminator")
