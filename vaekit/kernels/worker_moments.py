"""Batch norm's moments over the batches of all workers, in training.

Replaces: `keras.layers.BatchNormalization._moments`, while a step of one of several workers is
traced or run.
Why: each worker would else normalise its share by its own moments, which is another model than that
of one process. Keras's own `synchronized` is for TensorFlow's strategies alone.
Gain: none in speed; one collective a layer forward and one back.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import keras
from keras import ops

from vaekit.kernels.replaced import replaced


def shared_moments(
    total: Callable[[Any], Any], rank: int, size: int
) -> AbstractContextManager[None]:
    """While entered, moments are those of all workers' shares, which are of equal size.

    total: the sum of a tensor over workers.

    Each worker's mean and variance come together, not their sums of squares: the variance is the
    mean of theirs and the variance of their means, which loses nothing to rounding.
    """
    layer = keras.layers.BatchNormalization
    plain = layer._moments

    def _moments(self: Any, inputs: Any, mask: Any) -> Any:
        mean, variance = plain(self, inputs, mask)
        own = ops.cast(ops.stack([mean, variance]), "float32")
        place = ops.reshape(ops.one_hot(rank, size, dtype="float32"), (size, 1, 1))
        each = total(place * own[None])
        mean_of_all = ops.mean(each[:, 0], axis=0)
        within = ops.mean(each[:, 1], axis=0)
        between = ops.mean(ops.square(each[:, 0] - mean_of_all), axis=0)
        return ops.cast(mean_of_all, mean.dtype), ops.cast(within + between, variance.dtype)

    return replaced(layer, _moments=_moments)
