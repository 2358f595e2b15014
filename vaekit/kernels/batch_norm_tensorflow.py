"""Batch normalisation by TensorFlow's kernels; see `vaekit.kernels.batch_norm`.

Reaches for: `tf.raw_ops`, and the operation that made a tensor.
Gain: alone, training 1.41 times stock (1.18 to 1.50) at 28x28x1 in batches of 32 on two cores, by
the processor's time; `benchmarks/results/kernels/cpu_tensorflow.json` has training and evaluation
with all kernels.

In training, a bias added just before is left out: subtracting the mean takes it away again, so its
gradient is zero, and only the moving mean sees it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import tensorflow as tf

from vaekit.kernels.batch_norm import fused_batch_norm

# The kernel takes 1.001e-5 for anything smaller.
_LEAST_EPSILON = 1.001e-5
# Of a squared mean to a variance: beyond, their difference has lost too much to rounding.
_FAR = 256.0


def native_batch_norm() -> AbstractContextManager[None]:
    """While entered, Keras's layer calls TensorFlow's kernels wherever they compute the same."""
    return fused_batch_norm(_kernel, _at_rest, least_epsilon=_LEAST_EPSILON)


def _kernel(layer: Any, inputs: Any) -> tuple[Any, Any, Any]:
    inputs, shift = _without_bias(inputs)
    normalise = _on_gpu if tf.config.list_logical_devices("GPU") else _on_cpu
    outputs, mean, variance = normalise(
        inputs, layer.gamma.value, layer.beta.value, epsilon=layer.epsilon
    )
    return outputs, mean + shift, variance


def _at_rest(layer: Any, inputs: Any) -> Any:
    outputs, *_ = tf.raw_ops.FusedBatchNormV3(
        x=inputs,
        scale=layer.gamma.value,
        offset=layer.beta.value,
        mean=layer.moving_mean.value,
        variance=layer.moving_variance.value,
        epsilon=layer.epsilon,
        is_training=False,
    )
    return outputs


def _on_gpu(inputs: Any, scale: Any, offset: Any, *, epsilon: float) -> tuple[Any, Any, Any]:
    """Outputs and the batch's mean and variance, all by the kernel."""
    empty = tf.zeros([0])
    outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=inputs,
        scale=scale,
        offset=offset,
        mean=empty,
        variance=empty,
        epsilon=epsilon,
        is_training=True,
    )
    # The kernel reports n/(n-1) times the variance that it divides by; Keras keeps the latter.
    count = tf.cast(tf.size(inputs) // tf.shape(inputs)[-1], tf.float32)
    return outputs, mean, variance * ((count - 1.0) / count)


def _on_cpu(inputs: Any, scale: Any, offset: Any, *, epsilon: float) -> tuple[Any, Any, Any]:
    """The same, by moments that are summed in parts.

    On processors the kernel adds up all pixels of a batch one after the other. Where many are
    alike, as an image's background is, rounding is too: its moments are 1e-4 to 1e-3 off. That puts
    features on the wrong side of an activation's kink, and the gradients are then 1e-2 off.
    """
    mean, variance = _moments(tf.stop_gradient(inputs), epsilon)

    @tf.custom_gradient
    def normalised(inputs: Any, scale: Any, offset: Any) -> tuple[Any, Callable[..., Any]]:
        def gradient(upstream: Any) -> tuple[Any, ...]:
            # Of the inputs' moments too: in training, this kernel takes those given for theirs.
            gradients = tf.raw_ops.FusedBatchNormGradV3(
                y_backprop=upstream,
                x=inputs,
                scale=scale,
                reserve_space_1=mean,
                reserve_space_2=variance,
                reserve_space_3=tf.zeros([0]),
                epsilon=epsilon,
                is_training=True,
            )
            return tuple(gradients[:3])

        outputs, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=scale,
            offset=offset,
            mean=mean,
            variance=variance,
            epsilon=epsilon,
            is_training=False,
        )
        return outputs, gradient

    return normalised(inputs, scale, offset), mean, variance


def _moments(inputs: Any, epsilon: float) -> tuple[Any, Any]:
    """Each channel's mean and variance, `(C,)`, no addition over more than a row or a batch."""
    width = inputs.shape[2]
    # The library's fastest sums: pooling, and for squares a norm, which keeps no copy of them.
    rows = tf.nn.avg_pool2d(inputs, (1, width), (1, width), "VALID")
    mean = tf.reduce_mean(tf.reduce_mean(rows, (1, 2)), 0)
    variance = tf.maximum(_mean_squares(inputs) - tf.square(mean), 0.0)
    far = tf.reduce_any(tf.square(mean) > _FAR * (variance + epsilon))
    return mean, tf.cond(far, lambda: _mean_squares(inputs - mean), lambda: variance)


def _mean_squares(inputs: Any) -> Any:
    height, width, channels = inputs.shape[1:]
    images = tf.reshape(inputs, (-1, height * width * channels))
    norms = tf.raw_ops.EuclideanNorm(input=images, axis=[0])
    squares = tf.reduce_mean(tf.reshape(tf.square(norms), (-1, channels)), 0)
    return squares / tf.cast(tf.shape(inputs)[0], tf.float32)


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
