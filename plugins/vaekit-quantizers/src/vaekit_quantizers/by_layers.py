"""Choices among numbers as stock layers, which saved models are made of."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import layers


def at_least(values: Any, edge: float) -> Any:
    """1 where a symbolic value reaches the edge, else 0, as floats."""
    return layers.Rescaling(1.0)(layers.Discretization(bin_boundaries=[edge])(values))


def nearest_level(values: Any, levels: int) -> Any:
    """Symbolic values rounded to 0, ..., levels - 1, as floats."""
    edges = (np.arange(1, levels) - 0.5).tolist()
    return layers.Rescaling(1.0)(layers.Discretization(bin_boundaries=edges)(values))


def whole_numbers(values: Any, size: int, name: str) -> Any:
    """Symbolic floats 0, ..., size - 1 in the smallest whole type that holds them."""
    smallest = str(np.min_scalar_type(size - 1))
    return layers.Rescaling(1.0, dtype=smallest, name=name)(layers.Rescaling(1.0, 0.5)(values))


def highest(scores: Any) -> Any:
    """The largest of symbolic scores `(B, P, K)`, `(B, P, 1)`."""
    return layers.GlobalMaxPooling1D(data_format="channels_first", keepdims=True)(scores)


class FirstHighest:
    """Which of K scores is the highest; of several, the first."""

    def __init__(self, size: int, name: str) -> None:
        self._size = size
        # K, ..., 1, whatever its input.
        self._rank = layers.Dense(size, trainable=False, name=name)
        self._rank.build((None, 1))
        self._rank.kernel.assign(np.zeros((1, size)))
        self._rank.bias.assign(np.arange(size, 0, -1))

    def __call__(self, scores: Any) -> tuple[Any, Any]:
        """Its one `(B, P, K)` and its index `(B, P, 1)`, floats, of symbolic `(B, P, K)`."""
        top = highest(scores)
        hits = at_least(layers.Subtract()([scores, top]), 0.0)
        ranked = layers.Multiply()([hits, self._rank(top)])
        first = highest(ranked)
        one = at_least(layers.Subtract()([ranked, first]), 0.0)
        return one, layers.Rescaling(-1.0, float(self._size))(first)
