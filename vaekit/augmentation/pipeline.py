"""Augmentations as arithmetic of a training step, on any of Keras's backends."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras
import numpy as np
from keras import layers, ops

from vaekit.augmentation.names import (
    AUGMENTATIONS,
    BRIGHTNESS,
    CONTRAST,
    SATURATION,
    SHIFT,
    SMALLEST_CROP,
)
from vaekit.types import ImageShape, Tensor


class Augmentation:
    """Changes a batch of images at random, each image for itself, by the augmentations named.

    Each has a random state of its own, so that none decides what another draws.
    """

    def __init__(self, names: Sequence[str], image_shape: ImageShape, seed: int) -> None:
        seeds = {name: _seed_of(seed, name) for name in names}
        self._layers = [_LAYERS[name](image_shape, seeds[name]) for name in names]

    @property
    def state(self) -> list[keras.Variable]:
        """What the next draws are decided by."""
        return [layer.generator.state for layer in self._layers]

    def __call__(self, images: Tensor) -> Tensor:
        """Images `(B, H, W, C)`, float32 in [0, 1], changed; none are left as they are without any.

        Moves the random states.
        """
        if not self._layers:
            return images
        for layer in self._layers:
            images = layer(images, training=True)
        return ops.clip(images, 0.0, 1.0)  # interpolation rounds


class RandomResizedCrop:
    """A window of each image at a random place, enlarged to the whole by bilinear interpolation.

    Its sides are the same share of the image's. Szegedy et al., "Going Deeper with Convolutions"
    (arXiv:1409.4842, section 6), without their change of the aspect ratio.

    Not Keras's own layers: `RandomCrop` takes one window for all images of a batch, at an index
    that JAX can't compile, and `RandomZoom` only ever takes the middle.
    """

    def __init__(self, smallest: float, seed: int) -> None:
        self.generator = keras.random.SeedGenerator(seed)
        self._smallest = smallest

    def __call__(self, images: Tensor, *, training: bool) -> Tensor:
        if not training:
            return images
        _, height, width, _ = images.shape
        draws = keras.random.uniform((3, ops.shape(images)[0]), seed=self.generator)
        share = self._smallest + (1.0 - self._smallest) * draws[0]
        top = draws[1] * (1.0 - share) * (height - 1)
        left = draws[2] * (1.0 - share) * (width - 1)
        zero = ops.zeros_like(share)
        # A pixel (x, y) of the result is the one at (share x + left, share y + top) of the image.
        windows = ops.stack([share, zero, left, zero, share, top, zero, zero], axis=-1)
        return ops.image.affine_transform(
            images,
            windows,
            interpolation="bilinear",
            fill_mode="nearest",
            data_format="channels_last",
        )


def _shift(seed: int) -> layers.Layer:
    # Between pixels it would blur them.
    return layers.RandomTranslation(
        SHIFT, SHIFT, fill_mode="reflect", interpolation="nearest", seed=seed
    )


def _colour(image_shape: ImageShape, seed: int) -> layers.Layer:
    # Keras's factor f multiplies the saturation by f / (1 - f).
    saturation = [ratio / (1 + ratio) for ratio in (1 - SATURATION, 1 + SATURATION)]
    return layers.RandomColorJitter(
        value_range=(0.0, 1.0),
        brightness_factor=BRIGHTNESS,
        contrast_factor=(CONTRAST, CONTRAST),
        saturation_factor=saturation if image_shape[-1] == 3 else None,
        seed=seed,
    )


_LAYERS: dict[str, Callable[[ImageShape, int], layers.Layer | RandomResizedCrop]] = {
    "flip": lambda _, seed: layers.RandomFlip("horizontal", seed=seed),
    "shift": lambda _, seed: _shift(seed),
    "crop": lambda _, seed: RandomResizedCrop(SMALLEST_CROP, seed),
    "colour": _colour,
}


def _seed_of(seed: int, name: str) -> int:
    """The seed of an augmentation: another one for each, and none that the noise of z has."""
    entropy = np.random.SeedSequence([seed, 1 + list(AUGMENTATIONS).index(name)])
    return int(entropy.generate_state(1)[0] >> 1)
