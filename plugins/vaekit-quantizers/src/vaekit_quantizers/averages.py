"""A codebook that follows averages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from vaekit_quantizers.codebook import Codebook

# Keeps the vector of a code that nothing is near from being divided by 0.
_SMOOTHING = 1e-5


class AveragedCodebook(Codebook):
    """Codes moved by exponential averages and never by a gradient.

    A code's `size` N and `total` m are averages over steps of how many vectors were nearest to it
    and of their sum; the code is m / N: van den Oord et al., arXiv:1711.00937, appendix A.1. N
    starts where a code that nothing is near to dies at the first step, and so begins in the data. A
    code that begins anew has N = 1 and m to match.

    decay: how much of an average is kept in a step. options: see `Codebook`.
    """

    def __init__(self, codes: int, dim: int, decay: float, **options: Any) -> None:
        super().__init__(codes, dim, **options)
        self.decay = decay
        self.size = keras.Variable("ones", shape=(codes,), trainable=False, name="code_size")
        self.total = keras.Variable("zeros", shape=(codes, dim), trainable=False, name="code_total")
        start = self.restart or 1.0
        self.size.assign(start * ops.ones((codes,)))
        self.total.assign(start * self.vectors)

    @property
    def _state(self) -> Sequence[keras.Variable]:
        return self.size, self.total

    def _state_of(self, means: Any, counts: Any) -> Sequence[Any]:
        size = ops.maximum(counts, self.restart or 1.0)
        return size, size[:, None] * means

    def _refresh(self) -> None:
        count = ops.sum(self.size)
        smoothed = (self.size + _SMOOTHING) / (count + self.codes * _SMOOTHING) * count
        self._assign(self.total / smoothed[:, None])

    def _follow(self, z_e: Any, hits: Any, seed: Any) -> None:
        keep, fresh = self.decay, 1.0 - self.decay
        size = keep * self.size + fresh * ops.sum(hits, axis=0)
        total = keep * self.total + fresh * ops.matmul(ops.transpose(hits), z_e)
        dead = self._dead(size)
        self.size.assign((1.0 - dead) * size + dead)
        self.total.assign((1.0 - dead)[:, None] * total + dead[:, None] * self._some(z_e, seed))
        self._refresh()
