"""What a step on TensorFlow computes by other kernels is what Keras computes."""

from __future__ import annotations

from contextlib import nullcontext, suppress

import keras
import numpy as np
import pytest

if keras.backend.backend() != "tensorflow":
    pytest.skip("these kernels are TensorFlow's", allow_module_level=True)

import tensorflow as tf

from vaekit.kernels.adam_tensorflow import shared_step_size
from vaekit.kernels.batch_norm_tensorflow import native_batch_norm
from vaekit.kernels.gray_tensorflow import gray_convolutions


def stepped(exchanged, layer, shape, training=True):
    """Outputs, gradients and variables of a traced step, and the kernels that it calls."""
    x = tf.constant(np.random.default_rng(0).normal(3, 2, shape).astype("float32"))
    layer.build(shape)
    for number, weight in enumerate(layer.trainable_variables):
        noise = np.random.default_rng(number).uniform(0.5, 2, weight.shape)
        weight.assign(noise)

    @tf.function(autograph=False)
    def run(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, training=training)
            loss = tf.reduce_sum(y * tf.random.stateless_normal(tf.shape(y), (0, 1)))
        weights = [v.value for v in layer.trainable_variables]
        return y, tape.gradient(loss, [x, *weights])

    with exchanged():
        traced = run.get_concrete_function(tf.TensorSpec([None, *shape[1:]]))
    kernels = [op.type for op in traced.graph.get_operations()]
    y, gradients = traced(x)
    return [y, *gradients, *[v.numpy() for v in layer.variables]], kernels


def assert_same(plain, exchanged):
    for a, b in zip(plain, exchanged, strict=True):
        scale = max(1.0, float(np.max(np.abs(a))))
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5 * scale)


def test_a_bias_before_batch_norm_moves_its_mean_only():
    def layers():
        convolution = keras.layers.Conv2D(3, 3, kernel_initializer=keras.initializers.Ones())
        return keras.Sequential([convolution, keras.layers.BatchNormalization(momentum=0.5)])

    plain, _ = stepped(nullcontext, layers(), (4, 6, 5, 2))
    fused, _ = stepped(native_batch_norm, layers(), (4, 6, 5, 2))
    bias_gradient = 3  # after the output and the gradients of the images and the kernel
    np.testing.assert_array_equal(fused[bias_gradient], np.zeros(3))
    np.testing.assert_allclose(plain.pop(bias_gradient), 0, atol=1e-3)
    del fused[bias_gradient]
    assert_same(plain, fused)


Conv, Transposed = keras.layers.Conv2D, keras.layers.Conv2DTranspose
# Layer, kernel size, its other options, input channels, whether the kernels are exchanged.
GRAY = {
    "to features": (Conv, 16, 3, {}, 1, True),
    "to images": (Transposed, 1, 3, {}, 16, True),
    "to features, uneven kernel": (Conv, 17, (2, 5), {}, 1, True),
    "to images, uneven kernel": (Transposed, 1, (4, 3), {}, 17, True),
    "to features, single tap": (Conv, 16, 1, {}, 1, True),
    "to images, single tap": (Transposed, 1, 1, {}, 16, True),
    "strided": (Conv, 16, 3, {"strides": 2}, 1, False),
    "strided to images": (Transposed, 1, 3, {"strides": 2}, 16, False),
    "valid": (Conv, 16, 3, {"padding": "valid"}, 1, False),
    "valid to images": (Transposed, 1, 3, {"padding": "valid"}, 16, False),
    "dilated": (Conv, 16, 3, {"dilation_rate": 2}, 1, False),
    "colour": (Conv, 16, 3, {}, 3, False),
    "colour images": (Transposed, 3, 3, {}, 16, False),
    "few features": (Conv, 4, 3, {}, 1, False),
    "groups": (Conv, 16, 3, {"groups": 2}, 2, False),
}


@pytest.mark.parametrize("case", GRAY.values(), ids=GRAY)
def test_gray_convolutions_have_the_same_values_and_gradients(case):
    kind, filters, size, options, channels, expected = case
    options = {"padding": "same", **options}
    shape = (3, 7, 5, channels)
    plain, _ = stepped(nullcontext, kind(filters, size, **options), shape)
    exchanged, kernels = stepped(gray_convolutions, kind(filters, size, **options), shape)
    assert ("MatMul" in kernels) == expected
    assert_same(plain, exchanged)


def test_gray_convolutions_have_second_derivatives():
    x = tf.random.stateless_normal((2, 5, 6, 1), (0, 1))
    w = tf.random.stateless_normal((3, 3, 1, 16), (2, 3))

    def penalty(x, w):
        with tf.GradientTape() as outer:
            outer.watch([x, w])
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = tf.reduce_sum(tf.sin(tf.nn.convolution(x, w, 1, "SAME")))
            size = tf.reduce_sum(tf.square(inner.gradient(y, x)))
        return outer.gradient(size, [x, w])

    plain = tf.function(penalty, autograph=False)(x, w)
    with gray_convolutions():
        exchanged = tf.function(penalty, autograph=False)(x, w)
    assert_same(plain, exchanged)


OPTIMIZERS = {
    "default": (keras.optimizers.Adam, {}, 2),
    "other betas": (keras.optimizers.Adam, {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 0.1}, 2),
    "clipped": (keras.optimizers.Adam, {"global_clipnorm": 0.1}, 2),
    "averaged": (keras.optimizers.Adam, {"use_ema": True, "ema_momentum": 0.5}, 2),
    "weight decay": (keras.optimizers.AdamW, {"weight_decay": 0.1}, 2),
    "amsgrad": (keras.optimizers.Adam, {"amsgrad": True}, 4),
    "another": (keras.optimizers.SGD, {"momentum": 0.9}, 0),
}


@pytest.mark.parametrize(("kind", "options", "powers"), OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_adam_with_a_shared_step_size_is_the_same_to_the_bit(kind, options, powers):
    def moved(exchanged):
        weights = [keras.Variable(np.ones(shape, "float32")) for shape in ((3, 2), (4,))]
        optimizer = kind(0.1, **options)
        optimizer.build(weights)

        @tf.function(autograph=False)
        def step(*gradients):
            optimizer.apply(gradients, weights)

        with exchanged():
            traced = step.get_concrete_function(*[tf.TensorSpec(w.shape) for w in weights])
        random = np.random.default_rng(0)
        for scale in (1, 1e-6, 100, 0, 1):
            traced(*[tf.constant(scale * random.normal(size=w.shape), "float32") for w in weights])
        kernels = [op.type for op in traced.graph.get_operations()]
        return [v.numpy() for v in (*weights, *optimizer.variables)], kernels.count("Pow")

    plain, _ = moved(nullcontext)
    shared, computed = moved(shared_step_size)
    assert computed == powers
    for a, b in zip(plain, shared, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("exchanged", [shared_step_size, native_batch_norm, gray_convolutions])
def test_keras_and_tensorflow_are_left_as_they_were(exchanged):
    def seen():
        adam, norm = keras.optimizers.Adam.update_step, keras.layers.BatchNormalization.call
        return adam, norm, tf.nn.convolution, tf.nn.conv_transpose

    before = seen()
    with exchanged():
        assert seen() != before
    assert seen() == before
    with suppress(RuntimeError), exchanged():
        raise RuntimeError
    assert seen() == before
