"""How well the class of an image is told from its z."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Annotated, NamedTuple

import numpy as np
import vaekit
from annotated_types import Ge
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


class Labelled(NamedTuple):
    """The points `(N, D)` of images whose class is known, and their classes `(N,)`."""

    z: np.ndarray
    labels: np.ndarray


class LabelAccuracy(vaekit.Metric):
    """See `label_accuracy`."""

    needs = ("labels",)

    def __init__(self, neighbours: int, images: int) -> None:
        self.neighbours, self.images = neighbours, images
        self.fewest = max(2, neighbours)

    def __call__(self, measurement: vaekit.Measurement) -> Mapping[str, vaekit.Estimate]:
        rng = np.random.default_rng(measurement.seed)
        known = self._labelled(measurement, measurement.training(), rng)
        asked = self._labelled(measurement, measurement.images, rng)
        self._refuse_too_few(known)
        by = f"fitted on {len(known.z):,} training images"
        linear, note = _linear(known, measurement.seed)
        neighbours = KNeighborsClassifier(self.neighbours).fit(known.z, known.labels)
        _, counts = np.unique(asked.labels, return_counts=True)
        return {
            "linear_accuracy": vaekit.Estimate.mean(
                linear.predict(asked.z) == asked.labels,
                "",
                "higher",
                f"logistic regression on standardised z, {by}",
                note,
            ),
            "knn_accuracy": vaekit.Estimate.mean(
                neighbours.predict(asked.z) == asked.labels,
                "",
                "higher",
                f"{self.neighbours} nearest neighbours, {by}",
            ),
            "most_frequent_class": vaekit.Estimate(
                float(counts.max() / counts.sum()), estimator="the accuracy of one answer for all"
            ),
        }

    def _labelled(
        self, measurement: vaekit.Measurement, images: vaekit.Images, rng: np.random.Generator
    ) -> Labelled:
        """At most so many of the images, of those that have a label."""
        if images.labels is None:
            raise vaekit.UserError(
                "The images that the model was trained on have no labels to learn from. Measure on "
                "a source whose own images to train on have some."
            )
        which = np.flatnonzero(images.labels >= 0)
        if len(which) > self.images:
            which = np.sort(rng.choice(which, self.images, replace=False))
        labels = images.labels[which]
        points = measurement.model.points(vaekit.Images(images.pixels[which], labels))
        return Labelled(points.reshape(len(which), -1), labels)

    def _refuse_too_few(self, known: Labelled) -> None:
        if len(known.z) < self.neighbours:
            raise vaekit.UserError(
                f"There are {len(known.z):,} images with a label to learn from, fewer than the "
                f"{self.neighbours:,} neighbours that are asked for. Ask for fewer: neighbours=1."
            )
        if len(np.unique(known.labels)) < 2:
            raise vaekit.UserError(
                "All images to learn from have the same label: there is nothing to tell apart."
            )


def _linear(known: Labelled, seed: int) -> tuple[LogisticRegression, str]:
    """A classifier, and what must be read beside its accuracy."""
    classifier = make_pipeline(
        StandardScaler(), LogisticRegression(max_iter=1000, random_state=seed)
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        classifier.fit(known.z, known.labels)
    unsettled = any(issubclass(each.category, ConvergenceWarning) for each in caught)
    return classifier, "It hasn't converged: the accuracy may be higher." if unsettled else ""


def label_accuracy(
    *, neighbours: Annotated[int, Ge(1)] = 5, images: Annotated[int, Ge(2)] = 10_000
) -> vaekit.Metric:
    """The share of held-out images whose label is told rightly from z, by two classifiers.

    Both learn from the points that stand for training images: a logistic regression, the linear
    probe of Alain and Bengio (arXiv:1610.01644), and the vote of the nearest neighbours, by
    scikit-learn's `LogisticRegression` and `KNeighborsClassifier`. Beside them is the share of the
    most frequent class, which takes no z.

    Args:
        neighbours: how many have a vote.
        images: how many images to learn from, and to measure on, at most, drawn by the seed.
    """
    return LabelAccuracy(neighbours, images)
