"""Separated attribute predictability."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

import numpy as np
import vaekit
from sklearn.svm import LinearSVC

from vaekit_disentanglement_metrics.factor_codes import FactorCodes, FactorMetric
from vaekit_disentanglement_metrics.jackknife import jackknife_error
from vaekit_disentanglement_metrics.mig import gap


class Predictability(NamedTuple):
    """A way to score how well each value of z predicts each factor.

    scores: (codes, seed) -> `(D, F)`, in [0, 1]. name: of the estimator.
    quick: whether it can be had eleven times, as a jackknife has it.
    """

    scores: Callable[[FactorCodes, int], np.ndarray]
    name: str
    quick: bool


def explained_variance(codes: FactorCodes, seed: int) -> np.ndarray:
    """R^2 of the linear regression of each factor on each value of z; 0 for a constant."""
    z = codes.z - codes.z.mean(axis=0)
    factors = codes.factors - codes.factors.mean(axis=0)
    products = np.square(z.T @ factors)
    variances = np.outer(np.square(z).sum(axis=0), np.square(factors).sum(axis=0))
    return np.divide(products, variances, out=np.zeros_like(products), where=variances > 0)


def class_accuracy(codes: FactorCodes, seed: int) -> np.ndarray:
    """Accuracy, on one half of the images, of linear support vectors fitted on the other."""
    learn, judge = codes.parts(2, seed)
    scores = np.empty((codes.z.shape[1], len(codes.names)))
    for d, f in np.ndindex(*scores.shape):
        machine = LinearSVC(C=0.01, class_weight="balanced", random_state=seed)
        machine.fit(learn.z[:, [d]], learn.factors[:, f])
        scores[d, f] = machine.score(judge.z[:, [d]], judge.factors[:, f])
    return scores


WAYS = {
    "regression": Predictability(explained_variance, "R^2 of linear regression", True),
    "classification": Predictability(class_accuracy, "held-out accuracy of LinearSVC", False),
}


class SAP(FactorMetric):
    """See `sap`."""

    def __init__(self, way: Predictability) -> None:
        self._way = way

    def measure(
        self, codes: FactorCodes, measurement: vaekit.Measurement
    ) -> Mapping[str, vaekit.Estimate]:
        seed = measurement.seed

        def score(which: np.ndarray) -> float:
            return float(gap(self._way.scores(codes.of(which), seed)).mean())

        count = len(codes.z)
        error = jackknife_error(score, count, seed) if self._way.quick else None
        value = score(np.arange(count))
        estimator = f"{self._way.name}, seed {seed}"
        return {"sap": vaekit.Estimate(value, "", "higher", error, estimator)}


def sap(*, factors: Literal["regression", "classification"] = "regression") -> vaekit.Metric:
    """Separated attribute predictability: how much better the best value of z predicts a factor.

    Kumar et al., "Variational Inference of Disentangled Latent Concepts from Unlabeled
    Observations" (arXiv:1711.00848), section 3: the score of the value of z that predicts a factor
    best, less that of the second, averaged over factors. It is about 1 where each factor is linear
    in one value of z alone, and 0 where two predict it alike.

    Args:
        factors: taken as quantities, by R^2, or as classes, by the accuracy of linear support
            vectors on half of the images (Locatello et al., arXiv:1811.12359); a line cuts off the
            first and the last class only, so that no z has 1 for factors of more values.
    """
    return SAP(WAYS[factors])
