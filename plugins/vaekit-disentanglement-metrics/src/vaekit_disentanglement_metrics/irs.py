"""The interventional robustness score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy as np
import vaekit
from annotated_types import Gt, Le

from vaekit_disentanglement_metrics.factor_codes import FactorCodes, FactorMetric
from vaekit_disentanglement_metrics.factor_groups import factor_groups
from vaekit_disentanglement_metrics.jackknife import jackknife_error

_FEWEST = 10  # images of a value: the largest deviation of fewer says little


class InterventionalRobustness(FactorMetric):
    """See `irs`."""

    fewest = 100

    def __init__(self, quantile: float) -> None:
        self._quantile = quantile

    def measure(
        self, codes: FactorCodes, measurement: vaekit.Measurement
    ) -> Mapping[str, vaekit.Estimate]:
        groups = factor_groups(codes, _FEWEST)
        estimator = (
            f"quantile {self._quantile:g} of deviations within a value of a factor; jackknife, "
            f"seed {measurement.seed}"
        )
        z = codes.varying().z
        if not z.shape[1]:
            note = "No value of z varies."
            return {"irs": vaekit.Estimate(0.0, "", "higher", None, estimator, note)}
        count = len(z)

        def score(which: np.ndarray) -> float:
            taken = np.zeros(count, bool)
            taken[which] = True
            of_factors = [[g[taken[g]] for g in of_factor] for of_factor in groups.by_factor]
            return robustness(z, taken, of_factors, self._quantile)

        value = score(np.arange(count))
        error = jackknife_error(score, count, measurement.seed)
        return {"irs": vaekit.Estimate(value, "", "higher", error, estimator, groups.note)}


def robustness(
    z: np.ndarray, taken: np.ndarray, by_factor: Sequence[Sequence[np.ndarray]], quantile: float
) -> float:
    """IRS of the images that are taken, `(N,)` bools, in groups of a value of each factor."""
    largest = np.abs(z[taken] - z[taken].mean(axis=0)).max(axis=0)
    moved = np.stack([_deviations(z, groups, quantile) for groups in by_factor], axis=1)
    best = moved.min(axis=1)  # of the factor that z_d moves least with
    return float(1 - best.sum() / largest.sum())


def _deviations(z: np.ndarray, groups: Sequence[np.ndarray], quantile: float) -> np.ndarray:
    """How far z goes from its mean within groups, `(D,)`, averaged over them."""
    within = [
        np.quantile(np.abs(z[group] - z[group].mean(axis=0)), quantile, axis=0) for group in groups
    ]
    return np.mean(within, axis=0)


def irs(*, quantile: Annotated[float, Gt(0), Le(1)] = 0.99) -> vaekit.Metric:
    """The interventional robustness score: how little z_d moves while its factor stays.

    Suter et al., "Robustly Disentangled Causal Mechanisms" (arXiv:1811.00007), section 4: 1 less
    the largest deviation of z_d from its mean while a factor stays, by its largest deviation at
    all, for the factor that is best for z_d; averaged over the values of z, weighted by their
    largest deviations. Values of z that don't vary don't count, and z of them alone has 0. Values
    of a factor that fewer than 10 images share are left out.

    Args:
        quantile: of the deviations within a value of a factor that stands for the largest; 1 is the
            paper's.
    """
    return InterventionalRobustness(quantile)
