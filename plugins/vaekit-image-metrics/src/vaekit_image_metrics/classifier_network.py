"""The network of the classifier's features: its layers, how it is trained, what names it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import keras
import numpy as np
import vaekit
from keras import layers

# Changes with whatever the weights hang on that is written below.
RECIPE = 1
SEED = 0
EPOCHS, BATCH_SIZE, RATE = 10, 64, 2e-3
FEATURES, SMALLEST_MAP, MOST_CHANNELS = 64, 8, 128


def classifier(image_shape: tuple[int, ...], classes: int) -> keras.Model:
    """Images `(B, H, W, C)` in [0, 1] -> logits `(B, classes)`: convolutions, then `features`."""
    # One that draws on, so that no two layers begin alike.
    initial = keras.initializers.HeNormal(seed=keras.random.SeedGenerator(SEED))
    images = layers.Input(image_shape, dtype="float32")
    x, channels = images, MOST_CHANNELS // 4
    for stride in _strides(max(image_shape[:2])):
        x = layers.Conv2D(
            channels,
            3,
            strides=stride,
            padding="same",
            activation="relu",
            data_format="channels_last",
            kernel_initializer=initial,
            dtype="float32",
        )(x)
        channels = min(2 * channels, MOST_CHANNELS)
    x = layers.Flatten(data_format="channels_last", dtype="float32")(x)
    x = layers.Dense(
        FEATURES, activation="relu", kernel_initializer=initial, name="features", dtype="float32"
    )(x)
    logits = layers.Dense(classes, kernel_initializer=initial, dtype="float32")(x)
    return keras.Model(images, logits)


def train(
    model: keras.Model,
    pixels: np.ndarray,
    labels: np.ndarray,
    progress: Callable[[str, int], Callable[[int], None]],
) -> list[np.ndarray]:
    """Train by Adam, its rate by a cosine; give the weights."""
    size = min(BATCH_SIZE, len(labels))
    steps = len(labels) // size
    rate = keras.optimizers.schedules.CosineDecay(RATE, EPOCHS * steps)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    # JAX has no other way to compile; elsewhere XLA takes longer than the whole training.
    jit = keras.backend.backend() == "jax"
    model.compile(keras.optimizers.Adam(rate), loss, jit_compile=jit)
    rng = np.random.default_rng(SEED)
    advance = progress("training the classifier", EPOCHS * steps)
    for _ in range(EPOCHS):
        for rows in rng.permutation(len(labels))[: steps * size].reshape(steps, size):
            model.train_on_batch(vaekit.as_floats(pixels[rows]), labels[rows])
            advance(1)
    weights: list[np.ndarray] = model.get_weights()
    return weights


def weights_hash(model: keras.Model) -> str:
    """SHA-256 of a model's weights, which names its features."""
    digest = hashlib.sha256()
    for weight in model.get_weights():
        digest.update(np.ascontiguousarray(weight, "<f4").data)
    return digest.hexdigest()


def _strides(side: int) -> list[int]:
    """Those of the convolutions of images of such a side: halves until the map is small."""
    strides = []
    while side > SMALLEST_MAP:
        side = -(-side // 2)
        strides.append(2)
    return strides or [1]
