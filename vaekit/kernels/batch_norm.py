"""Batch normalisation by a backend's fused kernels, while a step is traced or run.

Replaces: `keras.layers.BatchNormalization.call`, where a layer is affine and float32 with channels
last; everything else is Keras's still.
Why: Keras 3 writes it out as moments and elementwise arithmetic, which goes over the feature maps
several times; the step of the tutorial's nets is bound by just that. The fused kernels give the
same values up to rounding. On JAX, XLA fuses Keras's own arithmetic.
Gain: stated with each backend's kernels, `batch_norm_tensorflow` and `batch_norm_torch`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import keras

from vaekit.kernels.replaced import replaced

# Of a layer and a batch of features: what the layer gives, and the batch's mean and variance.
Kernel = Callable[[Any, Any], tuple[Any, Any, Any]]
# The same with its moving averages for moments: what the layer gives.
RestKernel = Callable[[Any, Any], Any]
# Moves a layer's moving average towards a batch's moment, by the layer's momentum.
Move = Callable[[Any, Any, float], None]


def assigned(moving: Any, batch: Any, momentum: float) -> None:
    """As Keras does."""
    moving.assign(moving.value * momentum + batch * (1.0 - momentum))


def fused_batch_norm(
    kernel: Kernel,
    at_rest: RestKernel | None = None,
    *,
    least_epsilon: float = 0.0,
    move: Move = assigned,
) -> AbstractContextManager[None]:
    """While entered, Keras's layer calls the kernels wherever they compute the same.

    kernel: in training.
    at_rest: at inference; None where Keras's own is a fused kernel already.
    least_epsilon: the smallest that the kernels take. move: what moves the averages.
    """
    layer = keras.layers.BatchNormalization
    plain = layer.call

    def call(self: Any, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        if mask is None and _fits(self, inputs) and self.epsilon >= least_epsilon:
            if training:
                return _fused(kernel, move, self, inputs)
            if at_rest is not None:
                return at_rest(self, inputs)
        return plain(self, inputs, training=training, mask=mask)

    return replaced(layer, call=call)


def _fits(layer: Any, inputs: Any) -> bool:
    """Whether a kernel does what this layer asks for: float32, channels last, affine."""
    return bool(
        type(layer) is keras.layers.BatchNormalization
        and len(inputs.shape) == 4
        and None not in inputs.shape[1:]
        and keras.backend.standardize_dtype(inputs.dtype) == "float32"
        and layer.compute_dtype == "float32"
        and layer.axis in (-1, 3, [3])
        and layer.trainable
        and layer.scale
        and layer.center
        and not layer.renorm
        and not layer.synchronized
    )


def _fused(kernel: Kernel, move: Move, layer: Any, inputs: Any) -> Any:
    outputs, mean, variance = kernel(layer, inputs)
    move(layer.moving_mean, mean, layer.momentum)
    move(layer.moving_variance, variance, layer.momentum)
    return outputs
