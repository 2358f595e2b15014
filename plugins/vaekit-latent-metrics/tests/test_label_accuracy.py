"""Accuracies of labels from z whose classes are placed by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import vaekit
from vaekit_latent_metrics.label_accuracy import label_accuracy


def measurement(z_of, labels, training_labels=None):
    """A model whose point of an image is a function of its first pixel, an index."""

    def images(labels, start):
        index = np.arange(start, start + 400, dtype="float32").reshape(-1, 1, 1, 1)
        return vaekit.Images(index, labels)

    def points(images):
        return z_of(images.pixels[:, 0, 0, 0].astype(int))

    model = SimpleNamespace(points=points)
    training = images(labels if training_labels is None else training_labels, 0)
    return vaekit.Measurement(model, images(labels, 400), lambda: training)


LABELS = np.arange(400) % 4


def corners(index):
    """Four clusters at the corners of a square; every fourth image is of one."""
    noise = np.random.default_rng(0).normal(0, 0.1, (800, 2))[index]
    return noise + np.stack([index % 4 // 2, index % 4 % 2], axis=-1)


def test_corners_of_a_square_are_told_apart_by_both():
    figures = label_accuracy()(measurement(corners, LABELS))
    assert figures["linear_accuracy"].value == 1.0
    assert figures["knn_accuracy"].value == 1.0
    assert figures["most_frequent_class"].value == 0.25
    assert "400 training images" in figures["linear_accuracy"].estimator


def test_diagonals_are_told_apart_by_neighbours_alone():
    diagonal = np.array([0, 1, 1, 0])[LABELS]
    figures = label_accuracy()(measurement(corners, diagonal))
    assert figures["knn_accuracy"].value == 1.0
    assert figures["linear_accuracy"].value < 0.8


def test_noise_tells_no_label():
    def noise(index):
        return np.random.default_rng(1).normal(size=(800, 3))[index]

    figures = label_accuracy()(measurement(noise, LABELS))
    for name in ("linear_accuracy", "knn_accuracy"):
        accuracy = figures[name]
        assert accuracy.value == pytest.approx(0.25, abs=4 * accuracy.error)


def test_images_without_a_label_have_no_part_and_a_map_is_a_vector():
    known = np.where(LABELS == 3, -1, LABELS)
    metric = label_accuracy(images=100)
    figures = metric(measurement(lambda index: corners(index)[:, None, None], known))
    assert figures["linear_accuracy"].value == 1.0
    assert "100 training images" in figures["linear_accuracy"].estimator
    assert figures["most_frequent_class"].value < 0.5


@pytest.mark.parametrize(
    ("training", "neighbours", "sentence"),
    [
        (np.where(np.arange(400) < 4, LABELS, -1), 5, "fewer than the 5 neighbours"),
        (np.zeros(400, int), 5, "the same label"),
    ],
)
def test_what_cant_be_learned_from_is_refused(training, neighbours, sentence):
    with pytest.raises(vaekit.UserError, match=sentence):
        label_accuracy(neighbours=neighbours)(measurement(corners, LABELS, training))


def test_training_images_without_labels_are_refused():
    asked = measurement(corners, LABELS)
    bare = asked.training()._replace(labels=None)
    with pytest.raises(vaekit.UserError, match="no labels"):
        label_accuracy()(asked._replace(training=lambda: bare))
