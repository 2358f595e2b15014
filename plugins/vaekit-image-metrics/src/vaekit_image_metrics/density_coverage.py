"""Density and coverage of samples, by the neighbourhoods of images."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated

import numpy as np
import vaekit
from annotated_types import Ge

from vaekit_image_metrics.feature_metric import FeatureMetric
from vaekit_image_metrics.image_sets import Of
from vaekit_image_metrics.neighbours import squared_distances, squared_radii


def densities(real: np.ndarray, made: np.ndarray, neighbours: int) -> np.ndarray:
    """Of each of `made` `(M, F)`, how many of k images' balls it is in, over k, `(M,)`.

    Naeem et al. (arXiv:2002.09797), section 3.1. The balls are open, as in the authors' program, so
    that a set against itself has 1; but a ball's own centre is in it, where k duplicates of an
    image leave it no radius.
    """
    radii = squared_radii(real, neighbours)
    inside = [
        ((rows < radii) | (rows == 0.0)).sum(axis=1) for rows in squared_distances(made, real)
    ]
    return np.concatenate(inside) / neighbours


def covered(real: np.ndarray, made: np.ndarray, neighbours: int) -> np.ndarray:
    """Whether any of `made` `(M, F)` is in each image's ball, `(N,)`, by closed balls.

    They differ from open ones for duplicates alone, whose balls may be no more than their centres.
    """
    nearest = np.concatenate([rows.min(axis=1) for rows in squared_distances(real, made)])
    return nearest <= squared_radii(real, neighbours)


def expected_coverage(real: int, made: int, neighbours: int) -> float:
    """The mean coverage of two sets of one law: 1 less the chance that the k nearest are images.

    Naeem et al. (arXiv:2002.09797), lemma 2.
    """
    return 1.0 - math.prod((real - 1 - j) / (real - 1 + made - j) for j in range(neighbours))


class DensityCoverage(FeatureMetric):
    """See `density_coverage`."""

    def __init__(self, features: str, of: Of, count: int | None, neighbours: int) -> None:
        super().__init__(features, of, count, fewest=neighbours + 1)
        self._neighbours = neighbours

    def compare(
        self, real: np.ndarray, made: np.ndarray, seed: int
    ) -> Mapping[str, vaekit.Estimate]:
        k = self._neighbours
        expected = expected_coverage(len(real), len(made), k)
        estimator = f"{k} nearest neighbours, the balls taken as exact; of equal laws"
        return {
            "density": vaekit.Estimate.mean(
                densities(real, made, k), better="higher", estimator=f"{estimator} 1 on average"
            ),
            "coverage": vaekit.Estimate.mean(
                covered(real, made, k),
                better="higher",
                estimator=f"{estimator} {expected:.3f} on average",
            ),
        }


def density_coverage(
    *,
    features: str = "classifier",
    of: Of = "samples",
    count: Annotated[int, Ge(1)] | None = None,
    neighbours: Annotated[int, Ge(1)] = 5,
) -> vaekit.Metric:
    """How densely samples lie among images, and how many images have a sample near.

    Naeem et al. (arXiv:2002.09797), section 3, by a network's features. Density is how many
    balls about images, each out to the k-th neighbour, a sample is in, over k: 1 on average for
    samples of the images' own law, and more where samples keep to where images are dense. Coverage
    is the share of images whose ball has a sample in it. A set against itself has 1 and 1.

    Args:
        features: classifier (of the training images' labels), inception, efficientnet-lite0, or the
            .keras or .h5 file of a model of images in [0, 1].
        of: samples, or reconstructions of the images.
        count: how many of them; none for as many as there are images.
        neighbours: k.
    """
    return DensityCoverage(features, of, count, neighbours)
