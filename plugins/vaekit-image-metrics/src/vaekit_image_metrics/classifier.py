"""Features of a small classifier that is trained on the labels of the training images."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial

import keras
import numpy as np
import vaekit
from keras import layers, ops
from vaekit_distances.feature_network import FeatureNetwork

from vaekit_image_metrics.classifier_cache import kept_weights
from vaekit_image_metrics.features import Extractor, FeatureSource, pooled
from vaekit_image_metrics.image_sets import image_chunks

# Changes with whatever the weights hang on that is written below.
RECIPE = 1
SEED = 0
EPOCHS, BATCH_SIZE, RATE, MOST_IMAGES = 10, 64, 2e-3, 20_000
FEATURES, SMALLEST_MAP, MOST_CHANNELS = 64, 8, 128
# Whether it tells classes at all is seen on fewer.
MOST_JUDGED = 2_000


class Classifier(FeatureSource):
    """The last hidden layer of a classifier of the labels.

    Its seed is fixed, so that runs on the same images are compared in the same features; its
    weights are kept on this machine. Another machine may train other weights, whose hash says so.
    """

    needs = ("labels",)

    def extractor(self, measurement: vaekit.Measurement) -> Extractor:
        pixels, labels = _labelled(measurement.training())
        model = classifier(pixels.shape[1:], int(labels.max()) + 1)
        train = partial(_train, model, pixels, labels, measurement.progress)
        model.set_weights(kept_weights(_recipe_hash(pixels, labels), model.get_weights(), train))
        accuracy, note = _judged(model, measurement.images)
        network = FeatureNetwork(keras.Model(model.inputs, model.get_layer("features").output))
        return Extractor(
            "classifier",
            f"features of a classifier trained on the labels, sha256 {weights_hash(model)[:16]}, "
            f"accuracy {accuracy:.3f}",
            partial(pooled, network),
            note=note,
        )


def classifier(image_shape: tuple[int, ...], classes: int) -> keras.Model:
    """Images `(B, H, W, C)` in [0, 1] -> logits `(B, classes)`: convolutions, then `features`."""
    # One that draws on, so that no two layers begin alike.
    initial = keras.initializers.HeNormal(seed=keras.random.SeedGenerator(SEED))
    images = layers.Input(image_shape, dtype="float32")
    x, channels = images, MOST_CHANNELS // 4
    for stride in _strides(min(image_shape[:2])):
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


def weights_hash(model: keras.Model) -> str:
    """SHA-256 of a model's weights, which names its features."""
    digest = hashlib.sha256()
    for weight in model.get_weights():
        digest.update(np.ascontiguousarray(weight, "<f4"))
    return digest.hexdigest()


def _strides(side: int) -> list[int]:
    """Those of the convolutions: halves until the map is small, and one at least."""
    strides = []
    while side > SMALLEST_MAP:
        side = -(-side // 2)
        strides.append(2)
    return strides or [1]


def _labelled(images: vaekit.Images) -> tuple[np.ndarray, np.ndarray]:
    """Pixels and labels to train on: those with a label, at most so many of them.

    Raises `vaekit.UserError` for fewer than two classes.
    """
    labels = np.array([]) if images.labels is None else np.asarray(images.labels)
    rows = np.flatnonzero(labels >= 0)
    if len(rows) > MOST_IMAGES:
        rows = np.sort(np.random.default_rng(SEED).choice(rows, MOST_IMAGES, replace=False))
    if len(np.unique(labels[rows])) < 2:
        raise vaekit.UserError(
            "A classifier is trained on the labels of the training images, and these have labels "
            "of fewer than two classes. Name other features: inception, efficientnet-lite0, or the "
            ".keras file of a model."
        )
    return np.asarray(images.pixels[rows]), labels[rows].astype("int32")


def _recipe_hash(pixels: np.ndarray, labels: np.ndarray) -> str:
    """SHA-256 of what the weights hang on."""
    recipe = f"{RECIPE} {keras.__version__} {keras.backend.backend()} {pixels.dtype} {pixels.shape}"
    digest = hashlib.sha256(recipe.encode())
    digest.update(np.ascontiguousarray(pixels))
    digest.update(labels)
    return digest.hexdigest()


def _train(
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


def _judged(model: keras.Model, images: vaekit.Images) -> tuple[float, str]:
    """The accuracy on held-out images; and a sentence if it is no better than a guess."""
    labels = np.asarray(images.labels)
    rows = np.flatnonzero(labels >= 0)[:MOST_JUDGED]
    labels = labels[rows]
    # Called, not `predict`: TensorFlow warns of many models that each compile one.
    logits = [
        ops.convert_to_numpy(model(ops.convert_to_tensor(x), training=False))
        for x in image_chunks(vaekit.Images(images.pixels[rows]))
    ]
    accuracy = float(np.mean(np.argmax(np.concatenate(logits), axis=-1) == labels))
    guess = float(np.unique(labels, return_counts=True)[1].max() / len(labels))
    if accuracy > guess + 2.0 * np.sqrt(guess * (1.0 - guess) / len(labels)):
        return accuracy, ""
    return accuracy, (
        f"The classifier tells classes no better than by the most frequent ({guess:.3f}), so its "
        "features say little."
    )
