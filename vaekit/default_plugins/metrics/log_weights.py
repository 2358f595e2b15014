"""The logarithm of a mean of importance weights, from sums that chunks of draws add up to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops


@dataclass(frozen=True)
class LogWeightSums:
    """Sums over draws of each image, `(N,)` each, from which all estimates are made.

    draws: how many draws of an image they are over.
    log_sum: log sum w. log_sum_of_squares: log sum w^2. sum_of_logs: sum log w.
    """

    draws: int
    log_sum: np.ndarray
    log_sum_of_squares: np.ndarray
    sum_of_logs: np.ndarray

    @classmethod
    def of(cls, chunks: np.ndarray, draws: int) -> LogWeightSums:
        """Of the sums of chunks, `(chunks, N, 3)` as `sums_of` gives them, so many draws each."""
        log_sum, log_squares, logs = np.moveaxis(chunks.astype("float64"), -1, 0)
        return cls(
            draws * len(chunks),
            np.logaddexp.reduce(log_sum, axis=0),
            np.logaddexp.reduce(log_squares, axis=0),
            logs.sum(axis=0),
        )

    def __add__(self, other: LogWeightSums) -> LogWeightSums:
        """Over the draws of both."""
        return LogWeightSums(
            self.draws + other.draws,
            np.logaddexp(self.log_sum, other.log_sum),
            np.logaddexp(self.log_sum_of_squares, other.log_sum_of_squares),
            self.sum_of_logs + other.sum_of_logs,
        )

    @property
    def log_mean(self) -> np.ndarray:
        """Log 1/K sum_k w_k: the importance-weighted bound, `(N,)`."""
        return self.log_sum - np.log(self.draws)

    @property
    def mean(self) -> np.ndarray:
        """1/K sum_k log w_k: the ELBO, `(N,)`."""
        return self.sum_of_logs / self.draws

    @property
    def effective_draws(self) -> np.ndarray:
        """(sum w)^2 / sum w^2, `(N,)`: K where all weights are alike, 1 where one outweighs all."""
        return np.exp(2.0 * self.log_sum - self.log_sum_of_squares)


def sums_of(log_weights: Any) -> Any:
    """Log sum w, log sum w^2 and sum log w of draws `(K, B)`, as `(B, 3)`."""
    return ops.stack(
        [
            ops.logsumexp(log_weights, axis=0),
            ops.logsumexp(2.0 * log_weights, axis=0),
            ops.sum(log_weights, axis=0),
        ],
        axis=-1,
    )
