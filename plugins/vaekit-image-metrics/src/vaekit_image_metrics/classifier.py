"""Features of a small classifier that is trained on the labels of the training images."""

from __future__ import annotations

import hashlib
from functools import partial

import keras
import numpy as np
import vaekit
from keras import ops
from vaekit_distances.feature_network import FeatureNetwork

from vaekit_image_metrics.classifier_cache import kept_weights
from vaekit_image_metrics.classifier_network import RECIPE, SEED, classifier, train, weights_hash
from vaekit_image_metrics.features import Extractor, FeatureSource, pooled
from vaekit_image_metrics.image_sets import image_chunks

MOST_IMAGES = 20_000
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
        new = partial(train, model, pixels, labels, measurement.progress)
        model.set_weights(kept_weights(_recipe_hash(pixels, labels), model.get_weights(), new))
        accuracy, note = _judged(model, measurement.images)
        network = FeatureNetwork(keras.Model(model.inputs, model.get_layer("features").output))
        return Extractor(
            "classifier",
            f"features of a classifier trained on the labels, sha256 {weights_hash(model)[:16]}, "
            f"accuracy {accuracy:.3f}",
            partial(pooled, network),
            note=note,
        )


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
    digest.update(np.ascontiguousarray(pixels).data)
    digest.update(labels.data)
    return digest.hexdigest()


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
