"""A codebook that is moved by a gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from vaekit_quantizers.codebook import Codebook
from vaekit_quantizers.quantizer import squared_distance


class LearnedCodebook(Codebook):
    """Codes that the optimizer moves to the vectors that are nearest to them.

    The term `codebook` is |sg(e) - q|^2: van den Oord et al., arXiv:1711.00937, equation 3. A code
    is the sum of where it began, which is assigned, and of how far the optimizer has moved it since
    the run began. A step takes the codes that there are at its start; these are what is evaluated
    and saved after it.

    decay: how much of the average number of vectors that come to a code is kept in a step.
    options: see `Codebook`.
    """

    def __init__(self, codes: int, dim: int, decay: float, **options: Any) -> None:
        super().__init__(codes, dim, **options)
        self.decay = decay
        shape = (codes, dim)
        self.size = keras.Variable("ones", shape=(codes,), trainable=False, name="code_size")
        self.size.assign((self.restart or 1.0) * ops.ones((codes,)))
        self.origin = keras.Variable("zeros", shape=shape, trainable=False, name="code_origin")
        self.origin.assign(ops.copy(self.vectors))  # JAX would share the array, and may donate it
        self.moved = keras.Variable("zeros", shape=shape, name="code_moved")

    @property
    def _state(self) -> Sequence[keras.Variable]:
        return self.size, self.origin

    def _state_of(self, means: Any, counts: Any) -> Sequence[Any]:
        size = ops.maximum(counts, self.restart or 1.0)
        return size, means - ops.stop_gradient(self.moved)

    def _refresh(self) -> None:
        self._assign(ops.stop_gradient(self.origin + self.moved))

    def _begin(self, z_e: Any, seed: Any) -> None:
        super()._begin(z_e, seed)
        self._refresh()

    def _own_terms(self, z_e: Any, hits: Any) -> dict[str, Any]:
        codes = ops.matmul(hits, self.bounded(self.origin + self.moved))
        return {"codebook": squared_distance(z_e, codes)}

    def _follow(self, z_e: Any, hits: Any, seed: Any) -> None:
        size = self.decay * self.size + (1.0 - self.decay) * ops.sum(hits, axis=0)
        dead = self._dead(size)
        self.size.assign((1.0 - dead) * size + dead)
        anew = self._some(z_e, seed) - ops.stop_gradient(self.moved)
        self.origin.assign((1.0 - dead)[:, None] * self.origin + dead[:, None] * anew)
