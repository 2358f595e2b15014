"""Batch normalisation in training by TensorFlow's one fused kernel, while a step is traced.

Keras 3 writes it out as moments and elementwise arithmetic, which goes over the feature maps
several times; the step of the tutorial's nets is bound by just that. The fused kernel gives the
same values up to rounding.

A bias added just before is left out: subtracting the mean takes it away again, so its gradient is
zero, and only the moving mean sees it.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import keras
import tensorflow as tf

from vaekit.engine.replaced import replaced


def fused_batch_norm() -> AbstractContextManager[None]:
    """While entered, Keras's layer calls the fused kernel wherever that computes the same."""
    layer = keras.layers.BatchNormalization
    plain = layer.call

    def call(self: Any, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        if training and mask is None and _fits(self, inputs):
            return _fused(self, inputs)
        return plain(self, inputs, training=training, mask=mask)

    return replaced(layer, call=call)


def _fits(layer: Any, inputs: Any) -> bool:
    """Whether the kernel does what this layer asks for: float32, channels last, affine."""
    return bool(
        type(layer) is keras.layers.BatchNormalization
        and len(inputs.shape) == 4
        and inputs.dtype == tf.float32
        and layer.compute_dtype == "float32"
        and layer.axis in (-1, 3, [3])
        and layer.trainable
        and layer.scale
        and layer.center
        and not layer.renorm
        and not layer.synchronized
        and layer.epsilon > 1.001e-5  # the kernel's least
    )


def _fused(layer: Any, inputs: Any) -> Any:
    inputs, shift = _without_bias(inputs)
    empty = tf.zeros([0])
    outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=inputs,
        scale=layer.gamma.value,
        offset=layer.beta.value,
        mean=empty,
        variance=empty,
        epsilon=layer.epsilon,
        is_training=True,
    )
    # The kernel reports n/(n-1) times the variance that it divides by; Keras keeps the latter.
    count = tf.cast(tf.size(inputs) // tf.shape(inputs)[-1], tf.float32)
    variance *= (count - 1.0) / count
    for moving, batch in ((layer.moving_mean, mean + shift), (layer.moving_variance, variance)):
        moving.assign(moving * layer.momentum + batch * (1.0 - layer.momentum))
    return outputs


def _without_bias(inputs: Any) -> tuple[Any, Any]:
    """`inputs` before a bias was added to their channels, and that bias; 0 if none was."""
    operation = getattr(inputs, "op", None)  # a constant has none
    if operation is None or operation.type != "BiasAdd":
        return inputs, 0.0

    @tf.custom_gradient
    def unshifted(x: Any, bias: Any) -> tuple[Any, Any]:
        return tf.identity(x), lambda upstream: (upstream, tf.zeros_like(bias))

    x, bias = operation.inputs
    return unshifted(x, bias), bias
