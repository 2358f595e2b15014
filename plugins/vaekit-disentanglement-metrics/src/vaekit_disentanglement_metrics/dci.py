"""Disentanglement, completeness and informativeness."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import vaekit
from annotated_types import Ge
from scipy.stats import entropy
from sklearn.ensemble import RandomForestClassifier

from vaekit_disentanglement_metrics.factor_codes import FactorCodes, FactorMetric

# Images in each leaf, at least. Trees finer than z tells the factor split by noise, which makes all
# values of z important: what is disentangled but noisy would have 0.3.
LEAVES = (256, 64, 16, 4)

_SURE = 3  # standard errors above chance, below which trees have split by noise alone


class DCI(FactorMetric):
    """See `dci`."""

    def __init__(self, trees: int) -> None:
        self._trees = trees

    def measure(
        self, codes: FactorCodes, measurement: vaekit.Measurement
    ) -> Mapping[str, vaekit.Estimate]:
        fit, choose, judge = codes.parts(3, measurement.seed)
        done = measurement.progress("fitting trees", len(codes.names))
        importances, right, untold = [], [], []
        alike = np.full(codes.z.shape[1], 1 / codes.z.shape[1])
        for factor in range(len(codes.names)):
            forest, told = self._forest(fit, choose, factor, measurement.seed)
            importances.append(forest.feature_importances_ if told else alike)
            if not told:
                untold.append(codes.names[factor])
            right.append(forest.predict(judge.z) == judge.factors[:, factor])
            done(1)
        importance = np.maximum(np.stack(importances, axis=1), 0)  # rounding goes below
        note = f"Z tells {', '.join(untold)} no better than chance." if untold else ""
        of = f"random forest of {self._trees} trees, {len(fit.z):,} images, seed {measurement.seed}"
        by_image = np.mean(right, axis=0)  # as an image's factors aren't judged independently
        return {
            "dci_disentanglement": vaekit.Estimate(
                disentanglement(importance), "", "higher", None, f"importances of a {of}", note
            ),
            "dci_completeness": vaekit.Estimate(
                completeness(importance), "", "higher", None, f"importances of a {of}", note
            ),
            "dci_informativeness": vaekit.Estimate.mean(
                by_image, "", "higher", f"accuracy on {len(judge.z):,} other images of a {of}"
            ),
        }

    def _forest(
        self, fit: FactorCodes, choose: FactorCodes, factor: int, seed: int
    ) -> tuple[RandomForestClassifier, bool]:
        """Trees that tell a factor from z, and whether they tell it better than by chance.

        Of several sizes of leaves, the largest whose accuracy is within one standard error of the
        best (Breiman et al. 1984). All values of z are tried at each node: else trees that are
        offered none of those that tell anything would split by the others.
        """
        forests = [
            RandomForestClassifier(
                self._trees,
                max_features=None,
                min_samples_leaf=leaf,
                random_state=seed,
            ).fit(fit.z, fit.factors[:, factor])
            for leaf in LEAVES
        ]
        scores = [forest.score(choose.z, choose.factors[:, factor]) for forest in forests]
        best = max(scores)
        error = np.sqrt(best * (1 - best) / len(choose.z))
        largest = next(f for f, s in zip(forests, scores, strict=True) if s >= best - error)
        commonest = np.bincount(fit.factors[:, factor]).argmax()
        chance = np.mean(choose.factors[:, factor] == commonest)
        return largest, bool(best - _SURE * error > chance)


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
    return max(0.0, float(weights[used] @ scores))  # rounding goes below


def completeness(importance: np.ndarray) -> float:
    """1 - H_D(values of z that are important to factor f), weighted by their importance to f."""
    return disentanglement(importance.T)


def dci(*, trees: Annotated[int, Ge(1)] = 25) -> vaekit.Metric:
    """Disentanglement, completeness and informativeness, of trees that tell factors from z.

    Eastwood and Williams, "A Framework for the Quantitative Evaluation of Disentangled
    Representations" (ICLR 2018), section 2. With R_df the importance of z_d to factor f:
    disentanglement is 1 where each z_d is important to one factor, completeness is 1 where one z_d
    is important to each factor, both 0 where all are important alike; informativeness is the
    accuracy. As there, it is held-out images that choose how fine trees are: a third of the images
    is fitted, a third chooses, a third judges. To a factor that z doesn't tell better than chance
    all values of z are important alike.

    Args:
        trees: of each random forest.
    """
    return DCI(trees)


dci.claims = {"options": {"trees": 3}}  # type: ignore[attr-defined]
