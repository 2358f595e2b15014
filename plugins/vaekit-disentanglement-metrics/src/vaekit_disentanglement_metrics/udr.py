"""Unsupervised disentanglement ranking."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Literal

import numpy as np
import vaekit
from annotated_types import Ge
from scipy.stats import rankdata
from sklearn.linear_model import Lasso
from sklearn.preprocessing import scale

from vaekit_disentanglement_metrics.factor_codes import points


class UnsupervisedDisentanglementRanking(vaekit.Metric):
    """See `udr`."""

    vector = True
    fewest = 20

    def __init__(self, runs: tuple[str, ...], similarity: str, collapsed: float) -> None:
        self._runs, self._similarity, self._collapsed = runs, similarity, collapsed

    def __call__(self, measurement: vaekit.Measurement) -> Mapping[str, vaekit.Estimate]:
        own = self._informative(points(measurement.model, measurement.images))
        done = measurement.progress("encoding by the other runs", len(self._runs))
        scores = []
        for path in self._runs:
            other = self._informative(points(OpenedRun(path), measurement.images))
            scores.append(self._agreement(own, other))
            done(1)
        estimator = (
            f"median over {len(scores)} other runs, {self._similarity}; {own.shape[1]} informative "
            "values of z"
        )
        note = "" if own.shape[1] else "No value of z is informative."
        return {
            "udr": vaekit.Estimate(float(np.median(scores)), "", "higher", None, estimator, note),
            "udr_by_run": vaekit.Estimate(
                tuple(scores), "", "higher", None, f"{self._similarity}: {', '.join(self._runs)}"
            ),
        }

    def _informative(self, z: np.ndarray) -> np.ndarray:
        return z[:, z.var(axis=0) > self._collapsed]

    def _agreement(self, own: np.ndarray, other: np.ndarray) -> float:
        if not own.shape[1] or not other.shape[1]:
            return 0.0
        return agreement(SIMILARITIES[self._similarity](scale(own), scale(other)))


class OpenedRun:
    """Another run, which encodes the images of this one."""

    def __init__(self, path: str) -> None:
        self._path, self._run = path, vaekit.load(path)

    def points(self, images: vaekit.Images) -> np.ndarray:
        """Its z, `(N, D)`. Raises `vaekit.UserError` for images or a z that don't fit."""
        z = self._run.latents(images)
        if z.ndim != 2:
            raise vaekit.UserError(
                f"The run {self._path} has z that is a map of {'x'.join(map(str, z.shape[1:]))}. "
                "Name runs whose z is a vector."
            )
        return z


def rank_correlations(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """|Spearman's rank correlation| of each value of a with each of b, `(D_a, D_b)`."""
    first, second = (scale(rankdata(z, axis=0)) for z in (a, b))
    return np.abs(first.T @ second) / len(a)


def lasso_weights(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """|Weights| of a lasso regression of each value of b on all of a, `(D_a, D_b)`."""
    weights = Lasso(alpha=0.1).fit(a, b).coef_
    return np.abs(weights).reshape(b.shape[1], a.shape[1]).T


SIMILARITIES: Mapping[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "spearman": rank_correlations,
    "lasso": lasso_weights,
}


def agreement(similarity: np.ndarray) -> float:
    """UDR of two runs, of the similarity `(D_a, D_b)` of their informative values of z.

    sum_b r_b^2 / sum_a R_ab + sum_a r_a^2 / sum_b R_ab, by D_a + D_b, where r is the largest of the
    same column or row (Duan et al., equation 3).
    """
    total = 0.0
    for rows in (similarity, similarity.T):
        sums, largest = rows.sum(axis=1), rows.max(axis=1)
        total += float((largest[sums > 0] ** 2 / sums[sums > 0]).sum())
    return total / sum(similarity.shape)


def udr(
    *,
    runs: tuple[str, ...] = (),
    similarity: Literal["spearman", "lasso"] = "spearman",
    collapsed: Annotated[float, Ge(0)] = 0.01,
) -> vaekit.Metric:
    """Unsupervised disentanglement ranking: how far other runs found the same values of z.

    Duan et al., "Unsupervised Model Selection for Variational Disentangled Representation Learning"
    (arXiv:1905.12614), section 4: the median over other runs, of the same settings and other seeds,
    of how nearly each informative value of z is one of theirs, whatever their order and signs. It
    needs no factors, and is 1 where all runs agree. The paper takes values of z for informative by
    their KL (0.01 nats).

    Args:
        runs: the folders of the other runs, separated by commas; one at least.
        similarity: of two values of z: the absolute rank correlation, or the weight in a lasso
            regression with alpha 0.1, which is 0.9 at most.
        collapsed: values of z whose variance over the images is no larger tell nothing.
    """
    if not runs:
        raise vaekit.OptionError(
            "UDR is of several runs: name the folders of the others, as runs=DIR,DIR."
        )
    return UnsupervisedDisentanglementRanking(runs, similarity, collapsed)
