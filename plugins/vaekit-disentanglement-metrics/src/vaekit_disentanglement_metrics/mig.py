"""The mutual information gap."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import vaekit
from annotated_types import Ge

from vaekit_disentanglement_metrics.factor_codes import FactorCodes, FactorMetric
from vaekit_disentanglement_metrics.jackknife import jackknife_error
from vaekit_disentanglement_metrics.mutual_information import BinnedCodes


class MutualInformationGap(FactorMetric):
    """See `mig`."""

    def __init__(self, bins: int | None) -> None:
        self._bins = bins

    def measure(
        self, codes: FactorCodes, measurement: vaekit.Measurement
    ) -> Mapping[str, vaekit.Estimate]:
        binned = BinnedCodes(codes, self._bins)

        def gaps(which: np.ndarray | slice = slice(None)) -> np.ndarray:
            return gap(binned.mutual_information(which)) / binned.entropies(which)

        def score(which: np.ndarray) -> float:
            return float(gaps(which).mean())

        by_factor = gaps()
        error = jackknife_error(score, len(codes.z), measurement.seed)
        how = f"mutual information of {binned.bins} histogram bins"
        jackknife = f"jackknife, seed {measurement.seed}"
        note = binned.note(codes.names)
        return {
            "mig": vaekit.Estimate(
                float(by_factor.mean()), "", "higher", error, f"{how}; {jackknife}", note
            ),
            "mig_by_factor": vaekit.Estimate(
                tuple(by_factor.tolist()), "", "higher", None, f"{how}: {', '.join(codes.names)}"
            ),
        }


def gap(scores: np.ndarray) -> np.ndarray:
    """The largest score of each factor less its second, `(F,)`, of those of each value of z.

    scores: `(D, F)`.
    """
    second, first = np.sort(scores, axis=0)[-2:]
    difference: np.ndarray = first - second
    return difference


def mig(*, bins: Annotated[int, Ge(2)] | None = None) -> vaekit.Metric:
    """The mutual information gap, the mean over factors v of (I_1(v) - I_2(v)) / H(v).

    Chen et al., "Isolating Sources of Disentanglement in Variational Autoencoders"
    (arXiv:1802.04942), equation 6: I_1 and I_2 are the largest and the second largest mutual
    information of v and a value of z. It is 1 where each factor is in one value of z whole and in
    no other, and 0 where every factor is in two values alike.

    Args:
        bins: of the histogram that each value of z is cut by; none takes 20, or as many as the
            factor with the most values has. Locatello et al. (arXiv:1811.12359) took 20.
    """
    return MutualInformationGap(bins)
