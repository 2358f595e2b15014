"""The fused batch normalisation computes what Keras's layer does."""

from __future__ import annotations

import contextlib

import keras
import numpy as np
import pytest

if keras.backend.backend() != "tensorflow":
    pytest.skip("the fused kernel is TensorFlow's", allow_module_level=True)

import tensorflow as tf

from vaekit.engine.fused_tensorflow import fused_batch_norm


def stepped(fused, layer, shape, training=True):
    x = tf.constant(np.random.default_rng(0).normal(3, 2, shape).astype("float32"))
    layer.build(shape)
    if layer.gamma is not None:
        layer.gamma.assign(np.linspace(0.5, 2, layer.gamma.shape[0]))

    @tf.function(autograph=False)
    def run(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, training=training)
            loss = tf.reduce_sum(tf.sin(y))
        weights = [v.value for v in layer.trainable_variables]
        return y, tape.gradient(loss, [x, *weights])

    if fused:
        with fused_batch_norm():
            traced = run.get_concrete_function(tf.TensorSpec([None, *shape[1:]]))
    else:
        traced = run.get_concrete_function(tf.TensorSpec([None, *shape[1:]]))
    kernels = {op.type for op in traced.graph.get_operations()}
    y, gradients = traced(x)
    return [y, *gradients, *[v.numpy() for v in layer.variables]], kernels


LAYERS = {
    "default": ({}, (4, 6, 5, 3), True),
    "other momentum": ({"momentum": 0.9, "epsilon": 0.1}, (4, 6, 5, 3), True),
    "one image": ({}, (1, 2, 2, 1), True),
    "flat": ({}, (8, 5), False),
    "channels first": ({"axis": 1}, (4, 3, 5, 5), False),
    "no scale": ({"scale": False}, (4, 6, 5, 3), False),
    "renorm": ({"renorm": True}, (4, 6, 5, 3), False),
    "frozen": ({"trainable": False}, (4, 6, 5, 3), False),
}


@pytest.mark.parametrize(("options", "shape", "expected"), LAYERS.values(), ids=LAYERS)
def test_same_values_gradients_and_moving_averages(options, shape, expected):
    plain, _ = stepped(False, keras.layers.BatchNormalization(**options), shape)
    fused, kernels = stepped(True, keras.layers.BatchNormalization(**options), shape)
    assert ("FusedBatchNormV3" in kernels) == expected
    for a, b in zip(plain, fused, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_inference_is_keras_own():
    plain, _ = stepped(False, keras.layers.BatchNormalization(), (4, 6, 5, 3), training=False)
    fused, kernels = stepped(True, keras.layers.BatchNormalization(), (4, 6, 5, 3), training=False)
    assert "FusedBatchNormV3" not in kernels
    for a, b in zip(plain, fused, strict=True):
        np.testing.assert_array_equal(a, b)


def test_keras_is_left_as_it_was():
    before = keras.layers.BatchNormalization.call
    with fused_batch_norm():
        assert keras.layers.BatchNormalization.call is not before
    assert keras.layers.BatchNormalization.call is before
    with contextlib.suppress(RuntimeError), fused_batch_norm():
        raise RuntimeError
    assert keras.layers.BatchNormalization.call is before
