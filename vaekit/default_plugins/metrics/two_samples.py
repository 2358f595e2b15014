"""Whether two samples are of one law."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class TwoSampleTest(NamedTuple):
    """The squared maximum mean discrepancy, and how often chance alone gives as much."""

    squared_mmd: float
    p_value: float


def two_sample_test(
    one: np.ndarray, other: np.ndarray, permutations: int, rng: np.random.Generator
) -> TwoSampleTest:
    """Gretton et al., "A Kernel Two-Sample Test" (JMLR 2012), equation 3 and section 2.

    The kernel is exp(-|a - b|^2 / (2 h^2)), h being the median distance of all pairs. The p-value
    is the share of permutations of all rows that are as far apart, those at hand among them: it is
    exact, uniform where the laws are one.

    one, other: `(N, D)` each.
    """
    count = len(one)
    pooled = np.concatenate([one, other]).astype("float64")
    squares = np.sum(pooled**2, axis=1)
    distances = np.maximum(squares[:, None] + squares[None] - 2.0 * pooled @ pooled.T, 0.0)
    apart = distances[np.triu_indices(2 * count, 1)]
    kernel = np.exp(-distances / max(np.median(apart), 1e-12) / 2.0)
    np.fill_diagonal(kernel, 0.0)  # no row is held against itself
    # Each column says which rows are of the first sample.
    first = np.zeros((2 * count, permutations + 1))
    first[:count, 0] = 1.0
    for column in range(1, permutations + 1):
        first[rng.permutation(2 * count)[:count], column] = 1.0
    to_first = kernel @ first
    within = np.sum(first * to_first, axis=0)
    across = np.sum((1.0 - first) * to_first, axis=0)
    others = kernel.sum() - within - 2.0 * across
    squared = (within + others) / (count * (count - 1)) - 2.0 * across / count**2
    # Rounding must not decide between a permutation and the same samples in another order.
    as_far = squared[1:] >= squared[0] - 1e-12
    return TwoSampleTest(float(squared[0]), float((1 + as_far.sum()) / (permutations + 1)))
