"""Disentanglement, completeness and informativeness."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import numpy as np
import vaekit
from annotated_types import Ge
from scipy.stats import entropy
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier

from vaekit_disentanglement_metrics.factor_codes import FactorCodes, FactorMetric

# (number of trees, seed) -> a classifier that tells how important each value of z is to it.
# All values of z are tried at each node: else trees that are offered none of those that tell
# anything would split by the others.
CLASSIFIERS: Mapping[str, Callable[[int, int], Any]] = {
    "random-forest": lambda trees, seed: RandomForestClassifier(
        trees, max_features=None, min_samples_leaf=5, n_jobs=-1, random_state=seed
    ),
    "gradient-boosting": lambda trees, seed: GradientBoostingClassifier(
        n_estimators=trees, random_state=seed
    ),
}


class DCI(FactorMetric):
    """See `dci`."""

    def __init__(self, classifier: str, trees: int) -> None:
        self._classifier, self._trees = classifier, trees

    def measure(
        self, codes: FactorCodes, measurement: vaekit.Measurement
    ) -> Mapping[str, vaekit.Estimate]:
        seed = measurement.seed
        learn, judge = codes.halves(seed)
        done = measurement.progress("fitting trees", len(codes.names))
        importances, right = [], []
        for learned, judged in zip(learn.factors.T, judge.factors.T, strict=True):
            trees = CLASSIFIERS[self._classifier](self._trees, seed).fit(learn.z, learned)
            importances.append(trees.feature_importances_)
            right.append(trees.predict(judge.z) == judged)
            done(1)
        importance = np.stack(importances, axis=1)
        how = f"importances of {self._trees} trees ({self._classifier}), {len(learn.z):,} images"
        by_image = np.mean(right, axis=0)  # whose factors aren't independent of each other
        return {
            "dci_disentanglement": vaekit.Estimate(
                disentanglement(importance), "", "higher", estimator=how
            ),
            "dci_completeness": vaekit.Estimate(
                completeness(importance), "", "higher", estimator=how
            ),
            "dci_informativeness": vaekit.Estimate.mean(
                by_image, "", "higher", f"their accuracy on {len(judge.z):,} other images"
            ),
        }


def disentanglement(importance: np.ndarray) -> float:
    """1 - H_F(factors that z_d is important to), weighted by the importance of z_d.

    importance: of z_d to factor f, `(D, F)`, none below 0. H_F is the entropy to the base F.
    """
    total = importance.sum()
    if total == 0:
        return 0.0
    weights = importance.sum(axis=1) / total
    used = weights > 0
    scores = 1 - entropy(importance[used], base=importance.shape[1], axis=1)
    return float(weights[used] @ scores)


def completeness(importance: np.ndarray) -> float:
    """1 - H_D(values of z that are important to factor f), weighted by their importance to f."""
    return disentanglement(importance.T)


def dci(
    *,
    classifier: Literal["random-forest", "gradient-boosting"] = "random-forest",
    trees: Annotated[int, Ge(1)] = 50,
) -> vaekit.Metric:
    """Disentanglement, completeness and informativeness, of trees that tell factors from z.

    Eastwood and Williams, "A Framework for the Quantitative Evaluation of Disentangled
    Representations" (ICLR 2018), section 2. With R_df the importance of z_d to factor f:
    disentanglement is 1 where each z_d is important to one factor, completeness is 1 where one z_d
    is important to each factor, both 0 where all are important alike; informativeness is the
    accuracy on images that the trees weren't fitted on. One half of the images is for each.

    Args:
        classifier: gradient boosting is what Locatello et al. (arXiv:1811.12359) took, of 100
            trees a value of a factor; it takes far longer where factors have many values.
        trees: how many, of gradient boosting for each value of a factor.
    """
    return DCI(classifier, trees)
