"""Precision and recall of samples, by neighbourhoods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import vaekit
from annotated_types import Ge

from vaekit_image_metrics.feature_metric import FeatureMetric
from vaekit_image_metrics.image_sets import Of
from vaekit_image_metrics.neighbours import squared_distances, squared_radii


def in_manifold(points: np.ndarray, centres: np.ndarray, neighbours: int) -> np.ndarray:
    """Whether each point `(N, F)` is within the k-th neighbour of a centre `(M, F)`, `(N,)`.

    Kynkaanniemi et al. (arXiv:1904.06991), equation 1: the balls are closed, so that images are in
    their own manifold, also those that there are several of.
    """
    radii = squared_radii(centres, neighbours)
    return np.concatenate(
        [(rows <= radii).any(axis=1) for rows in squared_distances(points, centres)]
    )


class PrecisionRecall(FeatureMetric):
    """See `precision_recall`."""

    def __init__(self, features: str, of: Of, count: int | None, neighbours: int) -> None:
        super().__init__(features, of, count, fewest=neighbours + 1)
        self._neighbours = neighbours

    def compare(
        self, real: np.ndarray, made: np.ndarray, seed: int
    ) -> Mapping[str, vaekit.Estimate]:
        estimator = f"{self._neighbours} nearest neighbours, the balls taken as exact"
        return {
            name: vaekit.Estimate.mean(
                in_manifold(points, centres, self._neighbours), better="higher", estimator=estimator
            )
            for name, points, centres in (("precision", made, real), ("recall", real, made))
        }


def precision_recall(
    *,
    features: str = "classifier",
    of: Of = "samples",
    count: Annotated[int, Ge(1)] | None = None,
    neighbours: Annotated[int, Ge(1)] = 3,
) -> vaekit.Metric:
    """How many samples look like images, and how many images samples look like.

    Kynkaanniemi et al. (arXiv:1904.06991), equation 2, by a network's features: precision is the
    share of samples within the k-th neighbour of an image, recall that of images within the k-th
    neighbour of a sample. A set against itself has 1 and 1. One odd image widens the first, one odd
    sample the second: see `density-coverage`. The paper's features are VGG16's, at 50,000 images;
    figures compare at equal features, neighbours and numbers of images alone.

    Args:
        features: classifier (of the training images' labels), inception, efficientnet-lite0, or the
            .keras or .h5 file of a model of images in [0, 1].
        of: samples, or reconstructions of the images.
        count: how many of them; none for as many as there are images.
        neighbours: k.
    """
    return PrecisionRecall(features, of, count, neighbours)
