"""Gradients inside a step: against calculus, and differentiated again by training."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

import vaekit
from tests.parts import blueprint, some_images
from vaekit.autodiff import gradient
from vaekit.engine import compile_evaluate, compile_train

pytestmark = pytest.mark.backend

SHAPE = (8, 8, 1)


def tensor(values):
    return ops.convert_to_tensor(np.asarray(values, "float32"))


def array(values):
    return np.asarray(ops.convert_to_numpy(values), "float64")


def test_each_images_value_has_its_own_gradient():
    z = np.random.default_rng(0).normal(size=(5, 3))
    slope = gradient(lambda at: ops.sum(at**3, axis=-1), tensor(z))
    np.testing.assert_allclose(array(slope), 3 * z**2, rtol=1e-5)


def test_a_gradient_of_a_gradient():
    z = np.random.default_rng(0).normal(size=(5, 3))
    curvature = gradient(lambda at: gradient(lambda inner: inner**3, at), tensor(z))
    np.testing.assert_allclose(array(curvature), 6 * z, rtol=1e-5)


def test_what_z_has_no_part_in_has_no_gradient():
    weight = keras.Variable([2.0])
    for f in (lambda _: ops.ones((2,)), lambda _: weight * ops.ones((2,))):
        np.testing.assert_array_equal(array(gradient(f, tensor([[1.0], [2.0]]))), 0.0)


class Slope(vaekit.Loss):
    """|d/dz sum of the pixels|^2: in the decoder's weights, a second derivative."""

    posterior = prior = object

    def __call__(self, x, output):
        slope = gradient(output.decode, output.z)
        return {"slope": ops.sum(ops.square(slope), axis=-1)}


def quadratic_decoder(latent_dim, image_shape):
    """Images of z^2 times a matrix."""
    z = keras.Input((latent_dim,))
    square = keras.layers.Multiply(name="square")([z, z])
    pixels = keras.layers.Dense(64, use_bias=False, name="quadratic")(square)
    return keras.Model(z, keras.layers.Reshape(image_shape)(pixels))


def test_training_differentiates_it_again_in_weights_and_in_z(registering):
    """By hand: pixels z^2 W have the slope 2 z * (W 1)."""
    vaekit.register_loss("slope", Slope)
    vaekit.register_decoder("quadratic", quadratic_decoder)
    config = {"loss": "slope", "latent": "deterministic", "encoder": "small", "latent_dim": 3}
    made = blueprint(SHAPE, 0, {**config, "decoder": "quadratic"})
    program = made.program(optimizer=keras.optimizers.SGD(0.01))
    images = some_images()

    def weights():
        named = {v.path: array(v) for v in program.vae.trainable_variables}
        return [named[k] for k in ("quadratic/kernel", "encoder_output/bias")]

    w, _ = weights()
    z = array(program.vae.point(images[:8] / np.float32(255), training=True))
    expected = 4 * np.square(z) * np.square(w.sum(1))
    block = np.arange(8, dtype="int32")[None]
    evaluated = compile_evaluate(program, images)(block)
    assert np.isfinite(evaluated).all()
    w_before, bias_before = weights()
    row = compile_train(program, images)(block)[0]
    w_after, bias_after = weights()

    assert program.columns.summary(row, 8)["loss"] == pytest.approx(
        expected.sum(1).mean(), rel=1e-3
    )
    of_w = np.repeat(8 * np.square(z).mean(0)[:, None] * w.sum(1)[:, None], 64, axis=1)
    np.testing.assert_allclose(w_before - w_after, 0.01 * of_w, rtol=1e-2, atol=1e-6)
    of_bias = (8 * z * np.square(w.sum(1))).mean(0)
    np.testing.assert_allclose(bias_before - bias_after, 0.01 * of_bias, rtol=1e-2, atol=1e-6)
