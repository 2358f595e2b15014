"""The Fréchet distance of two sets of images, as if their features were normal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, NamedTuple

import numpy as np
import vaekit
from annotated_types import Ge
from scipy.linalg import eigh, svd

from vaekit_image_metrics.feature_metric import FeatureMetric
from vaekit_image_metrics.image_sets import Of


class NormalLaw(NamedTuple):
    """N(m, R R^T) over features: `mean` `(F,)`, `root` `(F, r)` with r the covariance's rank."""

    mean: np.ndarray
    root: np.ndarray


def normal_law(mean: np.ndarray, covariance: np.ndarray) -> NormalLaw:
    """The law of a mean `(F,)` and a covariance `(F, F)`, which may be singular."""
    values, vectors = eigh(covariance)
    kept = values > len(values) * np.finfo("float64").eps * values.max(initial=0.0)
    return NormalLaw(mean, vectors[:, kept] * np.sqrt(values[kept]))


def fitted(features: np.ndarray) -> NormalLaw:
    """The law of features `(N, F)`, its covariance the unbiased one."""
    return normal_law(features.mean(axis=0), np.atleast_2d(np.cov(features, rowvar=False)))


def frechet_distance(one: NormalLaw, other: NormalLaw) -> float:
    """|m - m'|^2 + tr(S + S' - 2 (S S')^(1/2)) of two normal laws, in float64.

    The squared 2-Wasserstein distance: Dowson and Landau (Journal of Multivariate Analysis 12(3),
    1982); of features, Heusel et al. (arXiv:1706.08500), equation 6. With S = R R^T,
    tr (S S')^(1/2) is the sum of the singular values of R^T R', which needs no S to have an inverse
    and no root of a matrix that isn't symmetric.
    """
    cross = svd(one.root.T @ other.root, compute_uv=False).sum()
    traces = np.sum(one.root**2) + np.sum(other.root**2)
    return max(0.0, float(np.sum((one.mean - other.mean) ** 2) + traces - 2.0 * cross))


def frechet_error(x: np.ndarray, y: np.ndarray, x_law: NormalLaw, y_law: NormalLaw) -> float:
    """The standard error of the distance of laws fitted to samples `(N, F)` and `(M, F)`.

    By the distance's derivative in either law: where the laws differ, its limit is normal (Rippl,
    Munk and Sturm, arXiv:1507.04090). It doesn't tell the bias.
    """
    left, _, right = svd(x_law.root.T @ y_law.root, full_matrices=False)
    variance = 0.0
    for sample, law, other, turn in (
        (x, x_law, y_law, left @ right),
        (y, y_law, x_law, (left @ right).T),
    ):
        centred = sample - law.mean
        # Where the optimal map to the other law takes each vector: by R^+, a turn and R'.
        whitened = centred @ (law.root / np.sum(law.root**2, axis=0))
        moved = whitened @ turn @ other.root.T
        influence = np.sum(centred * (centred - moved), axis=1)
        influence += 2.0 * centred @ (law.mean - other.mean)
        variance += np.var(influence, ddof=1) / len(sample)
    return float(np.sqrt(variance))


class FrechetDistance(FeatureMetric):
    """See `frechet`."""

    def compare(
        self, real: np.ndarray, made: np.ndarray, seed: int
    ) -> Mapping[str, vaekit.Estimate]:
        law, made_law = fitted(real), fitted(made)
        fewest, size = min(len(real), len(made)), real.shape[1]
        note = ""
        if fewest <= size:
            note = (
                f"{fewest} images don't tell a covariance of {size} features: the distance is far "
                "too large, and compares with those of as many images alone."
            )
        return {
            "frechet": vaekit.Estimate(
                frechet_distance(law, made_law),
                better="lower",
                error=frechet_error(real, made, law, made_law),
                estimator="Fréchet distance of normal laws, biased upwards by few images",
                note=note,
            )
        }


def frechet(
    *,
    features: str = "classifier",
    of: Of = "samples",
    count: Annotated[int, Ge(1)] | None = None,
) -> vaekit.Metric:
    """The Fréchet distance of samples, or of reconstructions, from held-out images.

    |m - m'|^2 + tr(S + S' - 2 (S S')^(1/2)) of the means and covariances of a network's features:
    Heusel et al. (arXiv:1706.08500), equation 6. It is called `fid` of Keras's InceptionV3 alone,
    and else after the network: `frechet_classifier`. It is biased upwards by few images, by more
    the fewer (Binkowski et al., arXiv:1801.01401, appendix D), so that figures compare at one
    number of images; the standard error is that of chance alone.

    Args:
        features: classifier (of the training images' labels), inception, efficientnet-lite0, or the
            .keras or .h5 file of a model of images in [0, 1].
        of: samples, or reconstructions of the images.
        count: how many of them; none for as many as there are images.
    """
    return FrechetDistance(features, of, count, fewest=2)
