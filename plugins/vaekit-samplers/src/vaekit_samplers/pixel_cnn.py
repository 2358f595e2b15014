"""A PixelCNN: masked convolutions, by which a place of a map sees those before it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops


class PixelCNN(keras.Model):  # type: ignore[misc]  # Keras has no types
    """p(i_1 .. i_P | class) = prod_p p(i_p | i_1 .. i_{p-1}, class), each i one of K, row by row.

    Called on indices `(B, P)` and classes `(B, 1)`, int32, it gives -log p of each, `(B,)`, in
    nats. van den Oord et al. (arXiv:1606.05328): gates, and a bias of the class; the residual
    blocks are those of their first (arXiv:1601.06759), with a bias of the place.

    sides: rows and columns, P in all. classes: how many; 1 where there are none to tell apart.
    """

    def __init__(
        self, codes: int, sides: tuple[int, int], classes: int, *, width: int, blocks: int
    ) -> None:
        super().__init__()
        self._sides, self._width = sides, width
        places = math.prod(sides)
        self._code = layers.Embedding(codes, width)
        self._place = layers.Embedding(places, width)
        self._class = layers.Embedding(classes, width)
        self._first = MaskedConv(width, 7, sees_itself=False)
        self._blocks = [GatedBlock(width) for _ in range(blocks)]
        self._logits = layers.Dense(codes, kernel_initializer="zeros")
        self([np.zeros((1, places), "int32"), np.zeros((1, 1), "int32")])

    def logits(self, indices: Any, labels: Any) -> Any:
        """Of the codes at each place, `(B, P, K)`; those at p are a function of places before p."""
        places = math.prod(self._sides)
        bias = self._place(np.arange(places, dtype="int32"))
        bias = ops.reshape(bias, (1, *self._sides, self._width))
        values = ops.reshape(self._code(indices), (-1, *self._sides, self._width))
        values = self._first(values) + bias + ops.expand_dims(self._class(labels), 1)
        for block in self._blocks:
            values = block(values)
        values = ops.reshape(values, (-1, places, self._width))
        return self._logits(ops.relu(values))

    def call(self, inputs: Sequence[Any]) -> Any:
        """-log p of each row, `(B,)`."""
        indices, labels = inputs
        log_p = ops.log_softmax(self.logits(indices, labels), axis=-1)
        hits = ops.expand_dims(indices, -1)
        return -ops.sum(ops.take_along_axis(log_p, hits, axis=-1), axis=(1, 2))


class MaskedConv(layers.Conv2D):  # type: ignore[misc]  # Keras has no types
    """A convolution that sees the rows above, and of its own row what is on the left.

    sees_itself: whether the place itself, too.
    """

    def __init__(self, filters: int, size: int, *, sees_itself: bool) -> None:
        super().__init__(filters, size, padding="same")
        mask = np.zeros((size, size, 1, 1), "float32")
        mask[: size // 2] = 1.0
        mask[size // 2, : size // 2 + sees_itself] = 1.0
        self._seen = mask

    def call(self, values: Any) -> Any:
        kernel = ops.multiply(self.kernel, ops.convert_to_tensor(self._seen))
        seen = ops.conv(values, kernel, padding="same", data_format="channels_last")
        return seen + self.bias


class GatedBlock(layers.Layer):  # type: ignore[misc]  # Keras has no types
    """x + a sigmoid(b), a and b being made of what is seen."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self._before = layers.Conv2D(width, 1)
        self._masked = MaskedConv(width, 3, sees_itself=True)
        self._after = layers.Conv2D(2 * width, 1)

    def call(self, values: Any) -> Any:
        hidden = self._masked(ops.relu(self._before(ops.relu(values))))
        moved, gate = ops.split(self._after(ops.relu(hidden)), 2, axis=-1)
        return values + moved * ops.sigmoid(gate)
