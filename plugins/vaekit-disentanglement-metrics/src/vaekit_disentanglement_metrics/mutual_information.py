"""Mutual information of the values of z, cut into bins, and factors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import entr

from vaekit_disentanglement_metrics.factor_codes import FactorCodes

FEWEST_BINS = 20  # those of Locatello et al. (arXiv:1811.12359)
_ROUNDING = 1e-12  # of sums of entropies: what is independent has no information at all
_SMALL = 0.05  # of a factor's entropy, below which the bias goes unmentioned


class BinnedCodes:
    """Z cut into bins of equal width between its smallest and its largest value.

    Bins are whole numbers, and so are factors: what estimates mutual information of real values is
    another thing, which scikit-learn takes floats for.

    bins: how many; None: 20, or as many as the factor with the most values has.

    cells: the bin of each image and value of z, `(N, D)`.
    """

    def __init__(self, codes: FactorCodes, bins: int | None) -> None:
        self.factors, self.sizes = codes.factors, codes.sizes
        self.bins = bins or max(FEWEST_BINS, *codes.sizes)
        low, high = codes.z.min(axis=0), codes.z.max(axis=0)
        edges = np.linspace(low, high, self.bins + 1)[1:-1]
        self.cells = np.stack(
            [np.digitize(z, cuts) for z, cuts in zip(codes.z.T, edges.T, strict=True)], axis=1
        )
        # A constant lies on all of its edges.
        self.cells[:, low == high] = 0

    def mutual_information(self, which: np.ndarray | slice = slice(None)) -> np.ndarray:
        """I(z_d; factor f) in nats, `(D, F)`, as the images of these numbers tell it."""
        cells, factors = self.cells[which], self.factors[which]
        tables = [
            [
                np.bincount(cell * size + factor, minlength=self.bins * size).reshape(-1, size)
                for factor, size in zip(factors.T, self.sizes, strict=True)
            ]
            for cell in cells.T
        ]
        return np.array([[_information(table) for table in row] for row in tables])

    def entropies(self, which: np.ndarray | slice = slice(None)) -> np.ndarray:
        """H(factor f) in nats, `(F,)`."""
        return np.array([_entropy(np.bincount(factor)) for factor in self.factors[which].T])

    def note(self, names: Sequence[str]) -> str:
        """A sentence on images that are too few; empty where they suffice.

        Of values that are independent, the estimate is too large by (bins - 1) (size - 1) / 2N in
        expectation (Miller 1955).
        """
        biases = (self.bins - 1) * (np.array(self.sizes) - 1) / (2 * len(self.cells))
        entropies = self.entropies()  # which no information is above
        shares = biases / entropies
        worst = int(np.argmax(shares))
        if shares[worst] <= _SMALL:
            return ""
        enough = int(np.ceil(len(self.cells) * shares[worst] / _SMALL))
        bias = min(biases[worst], entropies[worst])
        return (
            f"{len(self.cells):,} images are few for {self.bins} bins and the {self.sizes[worst]} "
            f"values of {names[worst]}: mutual information may be {bias:.2g} nats too large. "
            f"Take {enough:,}."
        )


def _information(table: np.ndarray) -> float:
    """I(row; column) in nats, of the counts of both."""
    information = _entropy(table.sum(axis=0)) + _entropy(table.sum(axis=1)) - _entropy(table)
    return information if information > _ROUNDING else 0.0


def _entropy(counts: np.ndarray) -> float:
    """In nats, of what was counted so often."""
    return float(entr(counts / counts.sum()).sum())
