"""The beta-VAE score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import vaekit
from annotated_types import Ge
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from vaekit_disentanglement_metrics.factor_codes import FactorCodes, FactorMetric
from vaekit_disentanglement_metrics.factor_groups import FactorGroups, factor_groups


class BetaVAEScore(FactorMetric):
    """See `beta_vae_score`."""

    def __init__(self, points: int, pairs: int) -> None:
        self._points, self._pairs = points, pairs

    def measure(
        self, codes: FactorCodes, measurement: vaekit.Measurement
    ) -> Mapping[str, vaekit.Estimate]:
        groups = factor_groups(codes, 2)
        z = codes.varying().z
        estimator = (
            f"logistic regression of {self._points:,} means over {self._pairs} pairs, judged on as "
            f"many, seed {measurement.seed}"
        )
        if not z.shape[1]:
            note = "No value of z varies."
            score = vaekit.Estimate(0.0, "", "higher", None, estimator, note)
        else:
            rng = np.random.default_rng(measurement.seed)
            learn, judge = (self._draw(z, groups, rng) for _ in range(2))
            model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(*learn)
            right = model.predict(judge[0]) == judge[1]
            score = vaekit.Estimate.mean(right, "", "higher", estimator, groups.note)
        return {"beta_vae_score": score}

    def _draw(
        self, z: np.ndarray, groups: FactorGroups, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Mean differences `(points, D)`, and the factor that the pairs of each share."""
        factors = np.arange(self._points) % len(groups.by_factor)
        differences = np.empty((self._points, z.shape[1]))
        for factor, of_factor in enumerate(groups.by_factor):
            rows = np.flatnonzero(factors == factor)
            first, second = _pairs(of_factor, (len(rows), self._pairs), rng)
            for d, values in enumerate(z.T):
                differences[rows, d] = np.abs(values[first] - values[second]).mean(axis=1)
        return differences, factors


def _pairs(
    groups: list[np.ndarray], shape: tuple[int, int], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Two images of one group each, as often as the shape says; any image is as likely."""
    images, sizes = np.concatenate(groups), np.array([len(group) for group in groups])
    starts = np.cumsum(sizes) - sizes
    first = rng.integers(len(images), size=shape)
    group = np.repeat(np.arange(len(groups)), sizes)[first]
    start, size = starts[group], sizes[group]
    second = start + (first - start + 1 + rng.integers(size - 1)) % size
    return images[first], images[second]


def beta_vae_score(
    *, points: Annotated[int, Ge(20)] = 5000, pairs: Annotated[int, Ge(1)] = 64
) -> vaekit.Metric:
    """The accuracy with which differences of z tell which factor pairs of images share.

    Higgins et al., "beta-VAE: Learning Basic Visual Concepts with a Constrained Variational
    Framework" (ICLR 2017), section 3: a linear classifier is given the mean of |z - z'| over pairs
    that agree in one factor, and says in which. Pairs are drawn of the images at hand. Of F
    factors, chance is 1 / F. It is 1 too where a factor is spread over several values of z.

    Args:
        points: how many means the classifier learns from, and is judged on as many.
        pairs: of which each is the mean.
    """
    return BetaVAEScore(points, pairs)


beta_vae_score.claims = {"options": {"points": 200}}  # type: ignore[attr-defined]
