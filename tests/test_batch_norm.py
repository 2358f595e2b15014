"""Batch norm by a backend's fused kernels computes what Keras's arithmetic does."""

from __future__ import annotations

import threading
from contextlib import nullcontext

import keras
import numpy as np
import pytest

BACKEND = keras.backend.backend()
if BACKEND == "tensorflow":
    import tensorflow as tf

    from vaekit.kernels import batch_norm_tensorflow as kernels
elif BACKEND == "torch":
    import torch

    from vaekit.kernels import batch_norm_torch as kernels
else:
    pytest.skip("XLA fuses Keras's own arithmetic", allow_module_level=True)

pytestmark = pytest.mark.backend
native_batch_norm = kernels.native_batch_norm


@pytest.fixture(params=["processor's", "GPU's"])
def kernel(request, monkeypatch):
    """Which of a backend's ways is taken; a processor can go the GPU's, too."""
    if request.param == "GPU's":
        monkeypatch.setattr(kernels, "_on_cpu", kernels._on_gpu)


def differentiated(layer, x, upstream, training):
    """A layer's outputs, and the gradients of the images and of its weights."""
    if BACKEND == "torch":
        inputs = torch.tensor(x, requires_grad=True)
        outputs = layer(inputs, training=training)
        weights = [v.value for v in layer.trainable_variables]
        gradients = torch.autograd.grad(outputs, [inputs, *weights], torch.tensor(upstream))
        return [part.detach().numpy() for part in (outputs, *gradients)]
    inputs = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs, training=training)
    weights = [v.value for v in layer.trainable_variables]
    gradients = tape.gradient(outputs, [inputs, *weights], tf.constant(upstream))
    return [part.numpy() for part in (outputs, *gradients)]


def stepped(entered, options, shape, training=True):
    """Outputs, gradients and variables of a layer's step while something is entered."""
    layer = keras.layers.BatchNormalization(**options)
    layer.build(shape)
    random = np.random.default_rng(0)
    for weight in (*layer.trainable_variables, layer.moving_mean, layer.moving_variance):
        weight.assign(random.uniform(0.5, 2, weight.shape))
    x, upstream = (random.normal(mean, 2, shape).astype("float32") for mean in (3, 0))
    with entered:
        results = differentiated(layer, x, upstream, training)
    return [*results, *[keras.ops.convert_to_numpy(v) for v in layer.variables]]


LAYERS = {
    "default": ({}, (4, 6, 5, 3), True),
    "other momentum": ({"momentum": 0.9, "epsilon": 0.1}, (4, 6, 5, 3), True),
    "one image": ({}, (1, 2, 2, 1), True),
    "one pixel": ({}, (1, 1, 1, 2), True),
    "flat": ({}, (8, 5), False),
    "channels first": ({"axis": 1}, (4, 3, 5, 5), False),
    "no scale": ({"scale": False}, (4, 6, 5, 3), False),
    "renorm": ({"renorm": True}, (4, 6, 5, 3), False),
    "frozen": ({"trainable": False}, (4, 6, 5, 3), False),
}


@pytest.mark.parametrize(("options", "shape", "expected"), LAYERS.values(), ids=LAYERS)
def test_values_gradients_and_moving_averages_are_the_same(options, shape, expected, kernel):
    plain = stepped(nullcontext(), options, shape)
    fused = stepped(native_batch_norm(), options, shape)
    for a, b in zip(plain, fused, strict=True):
        scale = max(1.0, float(np.max(np.abs(a))))
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5 * scale)
    # Where the kernel isn't taken, it is Keras's own arithmetic, to the bit.
    same = all(np.array_equal(a, b) for a, b in zip(plain, fused, strict=True))
    if not expected:
        assert same
    elif np.prod(shape) > 4:
        assert not same


def moments_of(images):
    """What batch norm takes for the mean and variance of images, and its outputs."""
    layer = keras.layers.BatchNormalization(momentum=0.0)
    layer.build(images.shape)
    with native_batch_norm():
        outputs = layer(keras.ops.convert_to_tensor(images), training=True)
    moving = layer.moving_mean, layer.moving_variance, outputs
    return [keras.ops.convert_to_numpy(part) for part in moving]


def test_moments_of_a_large_batch_with_a_background_are_precise():
    random = np.random.default_rng(0)
    images = random.normal(size=(32, 28, 28, 8)).astype("float32")
    images[random.random((32, 28, 28)) < 0.7] = random.normal(size=8)
    mean, variance, _ = moments_of(images)
    exact = images.astype("float64")
    np.testing.assert_allclose(mean, exact.mean((0, 1, 2)), rtol=0, atol=2e-6)
    np.testing.assert_allclose(variance, exact.var((0, 1, 2)), rtol=5e-6)


@pytest.mark.parametrize(("mean", "deviation"), [(30, 0.1), (100, 0.1), (1000, 1), (-100, 1)])
def test_a_mean_far_from_zero_costs_no_precision(mean, deviation):
    random = np.random.default_rng(0)
    images = random.normal(mean, deviation, (32, 14, 14, 4)).astype("float32")
    images[..., 0] -= mean  # beside a channel that is near
    _, variance, _ = moments_of(images)
    exact = images.astype("float64").var((0, 1, 2))
    np.testing.assert_allclose(variance, exact, rtol=1e-3)


def test_channels_that_are_constant_have_no_negative_variance():
    constants = np.linspace(50, 500, 64, dtype="float32")
    images = np.broadcast_to(constants, (6, 10, 11, 64)).copy()
    _, variance, outputs = moments_of(images)
    assert np.all(variance >= 0)
    np.testing.assert_allclose(outputs, np.zeros(images.shape), atol=0.01)


@pytest.mark.parametrize(("options", "shape", "expected"), LAYERS.values(), ids=LAYERS)
def test_at_inference_it_is_the_same_too(options, shape, expected):
    plain = stepped(nullcontext(), options, shape, training=False)
    fused = stepped(native_batch_norm(), options, shape, training=False)
    for a, b in zip(plain, fused, strict=True):
        scale = max(1.0, float(np.max(np.abs(a))))
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6 * scale)
    same = all(np.array_equal(a, b) for a, b in zip(plain, fused, strict=True))
    if not expected:
        assert same
    elif np.prod(shape) > 4:
        assert not same


def test_two_threads_leave_the_layer_as_it_was():
    before = keras.layers.BatchNormalization.call
    first_is_in, first_may_go = threading.Event(), threading.Event()

    def first():
        with native_batch_norm():
            first_is_in.set()
            first_may_go.wait(10)

    def second():
        with native_batch_norm():
            assert before is not keras.layers.BatchNormalization.call

    threads = [threading.Thread(target=work) for work in (first, second)]
    threads[0].start()
    assert first_is_in.wait(10)
    threads[1].start()
    first_may_go.set()
    for thread in threads:
        thread.join()
    assert keras.layers.BatchNormalization.call is before
