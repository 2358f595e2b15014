"""Modularity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import vaekit
from annotated_types import Ge

from vaekit_disentanglement_metrics.factor_codes import FactorCodes, FactorMetric
from vaekit_disentanglement_metrics.jackknife import jackknife_error
from vaekit_disentanglement_metrics.mutual_information import BinnedCodes


class Modularity(FactorMetric):
    """See `modularity`."""

    def __init__(self, bins: int | None) -> None:
        self._bins = bins

    def measure(
        self, codes: FactorCodes, measurement: vaekit.Measurement
    ) -> Mapping[str, vaekit.Estimate]:
        binned = BinnedCodes(codes, self._bins)

        def score(which: np.ndarray | slice = slice(None)) -> float:
            return float(modularity_of(binned.mutual_information(which)).mean())

        return {
            "modularity": vaekit.Estimate(
                score(),
                "",
                "higher",
                jackknife_error(score, len(codes.z), measurement.seed),
                f"mutual information of {binned.bins} histogram bins; jackknife, seed "
                f"{measurement.seed}",
                binned.note(codes.names),
            )
        }


def modularity_of(information: np.ndarray) -> np.ndarray:
    """The modularity of each value of z, `(D,)`; 0 for one that tells of no factor.

    information: I(z_d; factor f), `(D, F)`.
    """
    squares = np.square(information)
    largest = squares.max(axis=1)
    others = squares.sum(axis=1) - largest
    most = largest * (information.shape[1] - 1)
    return np.where(largest > 0, 1 - others / np.where(most > 0, most, 1), 0.0)


def modularity(*, bins: Annotated[int, Ge(2)] | None = None) -> vaekit.Metric:
    """Modularity: the mean over z_d of 1 - sum_f' I(z_d; f')^2 / ((F - 1) max_f I(z_d; f)^2).

    Ridgeway and Mozer, "Learning Deep Disentangled Embeddings with the F-Statistic Loss"
    (arXiv:1802.05312), section 3: I is mutual information, and the sum goes over all F factors but
    the one that z_d tells most of. It is 1 where no value of z tells of two factors. It does not
    ask whether all factors are in z, nor whether one is in several values.

    Args:
        bins: as of `mig`.
    """
    return Modularity(bins)
