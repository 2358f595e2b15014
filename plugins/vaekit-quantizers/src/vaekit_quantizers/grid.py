"""Codes that are the points of a grid: nothing is learned of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import vaekit
from keras import layers, ops
from vaekit.stock_layers import fixed_dense

from vaekit_quantizers.quantizer import Quantizer

# Usage is counted for each; as many as the codes of MAGVIT-v2.
MOST_CODES = 2**18


class Grid(Quantizer):
    """Each value of a vector is one of some levels 0, ..., L - 1, which stand for numbers.

    A code's index is its digits, the first being the lowest: digit_1 + L_1 digit_2 + ...

    levels: L of each value.
    centres, halves: `(D,)` each: a digit stands for (digit - centre) / half.
    of: the latent that it serves, as an error says. name: of its layers in saved models, which add
        to it.

    Raises `BuildError` for more than `MOST_CODES` points.
    """

    def __init__(
        self, levels: Sequence[int], centres: np.ndarray, halves: np.ndarray, *, of: str, name: str
    ) -> None:
        if math.prod(levels) > MOST_CODES:
            raise vaekit.BuildError(
                f"The latent {of!r} has {' x '.join(map(str, levels))} = {math.prod(levels)} "
                f"codes here, and at most {MOST_CODES} are counted: use a smaller latent_dim or "
                "fewer levels."
            )
        self._name = name
        self.dim, self.sizes = len(levels), (math.prod(levels),)
        self.levels = np.array(levels, "int32")
        self._centres, self._halves = centres.astype("float32"), halves.astype("float32")
        self._basis = np.cumprod([1, *levels[:-1]], dtype="int32")

    def values_of(self, digits: Any) -> Any:
        """What digits `(..., D)` stand for."""
        return ops.divide(ops.subtract(digits, self._centres), self._halves)

    def index_of(self, digits: Any) -> Any:
        """The index of digits `(..., D)`, `(..., 1)`, int32."""
        return ops.sum(ops.cast(digits, "int32") * self._basis, axis=-1, keepdims=True)

    def vectors_of(self, index: Any) -> Any:
        digits = ops.mod(ops.floor_divide(index, self._basis), self.levels)
        return self.values_of(ops.cast(digits, "float32"))

    def values_and_index_by_layers(self, digits: Any) -> tuple[Any, Any]:
        """The same of symbolic digits `(B, P, D)`, floats."""
        scale, offset = 1.0 / self._halves, -self._centres / self._halves
        codes = layers.Rescaling(scale.tolist(), offset.tolist())(digits)
        return codes, fixed_dense(digits, self._basis[:, None], f"{self._name}_number")
