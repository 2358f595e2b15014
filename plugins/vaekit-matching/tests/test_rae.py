"""Regularised autoencoders: each penalty on a decoder whose own is known."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import vaekit
from keras import layers, ops
from parts import IMAGES, array, blueprint, program, tensor
from vaekit.engine import Evaluation, Program, compile_train
from vaekit_matching.kernels import spectral_norm
from vaekit_matching.slope import squared_slope

BLOCK = np.arange(8, dtype="int32")[None]
EXACT = {"directions": 4}
PENALTIES = {"rae-l2": "squared_weights", "rae-gp": "gradient_penalty", "rae-sn": "spectral_norm"}
WEIGHTS = {"rae-l2": "lambda_l2", "rae-gp": "lambda_gp", "rae-sn": "lambda_sn"}


def linear_decoder(latent_dim: int, image_shape: tuple[int, int, int]) -> keras.Model:
    z = layers.Input((latent_dim,))
    pixels = layers.Dense(int(np.prod(image_shape)), name="linear_pixels")(z)
    return keras.Model(z, layers.Reshape(image_shape)(pixels))


def normalising_decoder(latent_dim: int, image_shape: tuple[int, int, int]) -> keras.Model:
    z = layers.Input((latent_dim,))
    x = layers.BatchNormalization()(layers.Dense(8, activation="tanh")(z))
    pixels = layers.Dense(int(np.prod(image_shape)), activation="sigmoid")(x)
    return keras.Model(z, layers.Reshape(image_shape)(pixels))


vaekit.register_decoder("linear", linear_decoder)
vaekit.register_decoder("normalising", normalising_decoder)


def autoencoder(loss: str, **config: Any) -> Program:
    return program(**{"decoder": "linear", "latent": "deterministic", "loss": loss, **config})


def kernel_of(made: Program) -> keras.Variable:
    (kernel,) = (v for v in made.vae.trainable_variables if v.path == "linear_pixels/kernel")
    return kernel


# Of a linear decoder W: |W|^2 twice, and its largest singular value; and the slopes of those.
LINEAR = {
    "rae-l2": (lambda w: np.square(w).sum(), lambda w: 2 * w),
    "rae-gp": (lambda w: np.square(w).sum(), lambda w: 2 * w),
    "rae-sn": (
        lambda w: np.linalg.norm(w, 2),
        lambda w: np.outer(np.linalg.svd(w)[0][:, 0], np.linalg.svd(w)[2][0]),
    ),
}


@pytest.mark.backend
@pytest.mark.parametrize("loss", LINEAR)
def test_of_a_linear_decoder_in_closed_form(loss: str) -> None:
    """The term, and how far one step of gradient descent moves W for it."""

    def stepped(weight: float) -> tuple[np.ndarray, np.ndarray, float]:
        options = {WEIGHTS[loss]: weight, "beta": 0, **(EXACT if loss == "rae-gp" else {})}
        config = {"loss": loss, "loss_opt": options, "latent": "deterministic"}
        made = blueprint(decoder="linear", **config).program(optimizer=keras.optimizers.SGD(0.001))
        before = array(kernel_of(made))
        row = compile_train(made, IMAGES)(BLOCK)[0]
        return before, array(kernel_of(made)), made.columns.summary(row, 8)[PENALTIES[loss]]

    w, plain, term = stepped(0.0)
    value, slope = LINEAR[loss]
    assert term == pytest.approx(value(w), rel=1e-4)
    start, moved, _ = stepped(10.0)
    np.testing.assert_array_equal(start, w)
    # A singular vector's sign is no matter in the product of the two.
    np.testing.assert_allclose(plain - moved, 0.001 * 10.0 * slope(w), rtol=2e-2, atol=2e-5)


@pytest.mark.backend
def test_gradient_penalty_is_of_each_images_own_jacobian_at_rest() -> None:
    made = autoencoder("rae-gp", decoder="normalising", loss_opt=EXACT)
    train = compile_train(made, IMAGES)
    train(np.repeat(BLOCK, 3, axis=0))
    figures = Evaluation(made, IMAGES)()
    z = array(made.vae.point(IMAGES, training=False))

    def pixels(at: np.ndarray) -> np.ndarray:
        return array(made.vae.decode(tensor(at), training=False))

    steps = 0.02 * np.eye(4)[:, None]
    differences = (pixels(z[None] + steps) - pixels(z[None] - steps)) / 0.04
    expected = np.square(differences).sum((0, 2, 3, 4))
    scored = squared_slope(
        lambda at: made.vae.decode(at, training=False),
        tensor(z),
        4,
        keras.random.SeedGenerator(0),
    )
    np.testing.assert_allclose(array(scored), expected, rtol=5e-3)
    assert figures["gradient_penalty"] == pytest.approx(expected.mean(), rel=5e-3)


@pytest.mark.parametrize("directions", [1, 3])
def test_fewer_directions_estimate_it_without_bias(directions: int) -> None:
    matrix = np.random.default_rng(1).normal(size=(5, 6)) * np.array([[1, 2, 3, 4, 5]]).T

    def linear(z: Any) -> Any:
        return ops.reshape(ops.matmul(z, tensor(matrix)), (*ops.shape(z)[:-1], 3, 2, 1))

    seed = keras.random.SeedGenerator(2)
    estimates = array(squared_slope(linear, tensor(np.zeros((4000, 5))), directions, seed))
    exact = np.square(matrix).sum()
    assert estimates.mean() == pytest.approx(exact, rel=0.05)
    assert estimates.std() > 0.1 * exact
    every = array(squared_slope(linear, tensor(np.zeros((3, 5))), 9, seed))
    np.testing.assert_allclose(every, exact, rtol=1e-4)


@pytest.mark.parametrize("shape", [(40, 30), (2, 300), (3, 3, 16, 32), (1, 1)])
def test_spectral_norm_is_the_largest_singular_value(shape: tuple[int, ...]) -> None:
    kernel = np.random.default_rng(3).normal(size=shape)
    norm = array(spectral_norm(keras.Variable(kernel), keras.random.SeedGenerator(0)))
    exact = np.linalg.norm(kernel.reshape(-1, shape[-1]), 2)
    assert norm == pytest.approx(exact, rel=5e-3)
    assert norm <= exact * (1 + 1e-5)


def test_a_kernel_of_zeros_has_none() -> None:
    norm = spectral_norm(keras.Variable(np.zeros((3, 4))), keras.random.SeedGenerator(0))
    assert array(norm) == 0.0


@pytest.mark.parametrize("loss", PENALTIES)
def test_terms_add_up_by_their_weights(loss: str) -> None:
    made = autoencoder(loss, decoder="tiny", loss_opt={"beta": 0.5, WEIGHTS[loss]: 3.0})
    summary = made.columns.summary(compile_train(made, IMAGES)(BLOCK)[0], 8)
    weighted = summary["z_penalty"] * 0.5 + summary[PENALTIES[loss]] * 3.0
    assert summary["loss"] == pytest.approx(summary["reconstruction"] + weighted, rel=1e-5)
    assert "elbo" not in summary


def test_squared_weights_are_of_every_kernel_of_the_decoder_and_of_no_bias() -> None:
    made = autoencoder("rae-l2", decoder="tiny")
    kernels = [v for v in made.vae.decoder.trainable_variables if v.path.endswith("kernel")]
    assert len(kernels) == 2
    for variable in made.vae.decoder.trainable_variables:
        if variable.path.endswith("bias"):
            variable.assign(variable + 1.0)
    expected = sum(np.square(array(kernel)).sum() for kernel in kernels)
    assert Evaluation(made, IMAGES)()["squared_weights"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("loss", PENALTIES)
def test_a_latent_with_noise_is_refused(loss: str) -> None:
    with pytest.raises(vaekit.BuildError, match=rf"'{loss}' needs .*PointMass.*'deterministic'"):
        blueprint(loss=loss).build()
