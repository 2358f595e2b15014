"""The mean and the variance by which batch norm normalises each batch, as a step goes by.

Replaces: `keras.layers.BatchNormalization.call`, by itself between two looks.
Why: a layer tells its batch's moments to nobody; of its moving averages they are the new part, so
with a momentum of 0 these are the moments. What a subclass of the layer computes without the
layer's own `call` isn't seen.
Gain: none in speed; `vaekit.engine.averages` can't do without.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import keras

from vaekit.kernels.replaced import replaced


class BatchMoments(NamedTuple):
    """One call of one layer in training: the batch's mean and variance by channel, `(C,)`."""

    layer: keras.layers.BatchNormalization
    mean: Any
    variance: Any


@contextmanager
def watched_moments() -> Iterator[list[BatchMoments]]:
    """While entered, calls in training add to the list, in their order.

    Those of layers whose outputs in training depend on their moving averages are left out: frozen
    ones, and ones with `renorm`. The moving averages of the others are the last batch's moments
    afterwards.
    """
    layer = keras.layers.BatchNormalization
    plain = layer.call
    calls: list[BatchMoments] = []

    def call(self: Any, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        if not training or not self.trainable or self.renorm:
            return plain(self, inputs, training=training, mask=mask)
        momentum, self.momentum = self.momentum, 0.0
        try:
            outputs = plain(self, inputs, training=training, mask=mask)
        finally:
            self.momentum = momentum
        averages = (keras.ops.copy(v.value) for v in (self.moving_mean, self.moving_variance))
        calls.append(BatchMoments(self, *averages))
        return outputs

    with replaced(layer, call=call):
        yield calls
