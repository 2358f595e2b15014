"""A transformer in which a place of a sequence sees those before it, and the class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops


class CausalTransformer(keras.Model):  # type: ignore[misc]  # Keras has no types
    """p(i_1 .. i_P | class) = prod_p p(i_p | i_1 .. i_{p-1}, class), each i one of K.

    Called on indices `(B, P)` and classes `(B, 1)`, int32, it gives -log p of each, `(B,)`, in
    nats. Blocks are those of Vaswani et al. (arXiv:1706.03762), normalised before each layer.

    classes: how many; 1 where there are none to tell apart.
    """

    def __init__(
        self, codes: int, places: int, classes: int, *, width: int, heads: int, blocks: int
    ) -> None:
        super().__init__()
        self.codes, self.places = codes, places
        self._start = layers.Embedding(classes, width)
        self._code = layers.Embedding(codes, width)
        self._place = layers.Embedding(places, width)
        self._blocks = [Block(width, heads) for _ in range(blocks)]
        self._norm = layers.LayerNormalization()
        self._logits = layers.Dense(codes, kernel_initializer="zeros")
        self([np.zeros((1, places), "int32"), np.zeros((1, 1), "int32")])

    def logits(self, indices: Any, labels: Any) -> Any:
        """Of the codes at each place, `(B, P, K)`; those at p are a function of places before p."""
        before = self._code(indices[:, :-1])
        values = ops.concatenate([self._start(labels), before], axis=1)
        values = values + self._place(np.arange(self.places, dtype="int32"))
        for block in self._blocks:
            values = block(values)
        return self._logits(self._norm(values))

    def call(self, inputs: Sequence[Any]) -> Any:
        """-log p of each row, `(B,)`."""
        indices, labels = inputs
        log_p = ops.log_softmax(self.logits(indices, labels), axis=-1)
        hits = ops.expand_dims(indices, -1)
        return -ops.sum(ops.take_along_axis(log_p, hits, axis=-1), axis=(1, 2))


class Block(layers.Layer):  # type: ignore[misc]  # Keras has no types
    """Attention to what is before, and a network of each place."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self._before = layers.LayerNormalization()
        self._attention = layers.MultiHeadAttention(heads, width // heads)
        self._between = layers.LayerNormalization()
        self._hidden = layers.Dense(4 * width, activation="gelu")
        self._out = layers.Dense(width)

    def call(self, values: Any) -> Any:
        normed = self._before(values)
        values = values + self._attention(normed, normed, use_causal_mask=True)
        return values + self._out(self._hidden(self._between(values)))
