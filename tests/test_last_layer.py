"""`VAEOutput.last_layer_gradient` against the decoder differentiated by hand, in a step and out."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers, ops

import vaekit
from tests.parts import make_program
from vaekit.engine import Evaluation, compile_train
from vaekit.loss import VAE_PARTS

SHAPE = (4, 4, 1)
IMAGES = np.random.default_rng(0).random((16, *SHAPE), dtype="float32")


def encoder(image_shape):
    images = layers.Input(image_shape)
    return keras.Model(images, layers.Flatten()(images))


def decoder(latent_dim, image_shape):
    """Its last layer is behind batch norm, whose averages training moves."""
    z = layers.Input((latent_dim,))
    x = layers.BatchNormalization()(layers.Dense(5, activation="tanh")(z))
    return keras.Model(z, layers.Reshape(image_shape)(layers.Dense(16)(x)))


class Balanced(vaekit.Loss):
    """Squared error, beside the norms of two gradients, which nobody goes down."""

    posterior = prior = object

    def __init__(self):
        self.players = {"loss": vaekit.Player(VAE_PARTS, {"error": 1.0})}

    def __call__(self, x, output):
        def norm(f):
            return ops.sqrt(ops.sum(ops.square(output.last_layer_gradient(f))))

        each = ops.ones_like(x[:, 0, 0, 0])
        return {
            "error": ops.sum(ops.square(x - output.reconstruction), axis=(1, 2, 3)),
            "of_sum": each * norm(lambda images: ops.sum(images, axis=(1, 2, 3))),
            "of_square": each * norm(lambda images: ops.square(x - images)),
        }


@pytest.fixture(autouse=True)
def parts(registering):
    vaekit.register_encoder("flat", encoder)
    vaekit.register_decoder("normed", decoder)
    vaekit.register_loss("balanced", Balanced)


def program(**config):
    parts = {"encoder": "flat", "decoder": "normed", "latent": "deterministic", "loss": "balanced"}
    return make_program(SHAPE, latent_dim=3, **{**parts, **config})


def norms(made, *, training):
    """By hand: what the last layer is given, times the gradient at what it gives."""
    model = made.vae.decoder
    normal, dense = (
        next(layer for layer in reversed(model.layers) if isinstance(layer, kind))
        for kind in (layers.BatchNormalization, layers.Dense)
    )
    hidden = keras.Model(model.inputs, normal.input)(made.vae.point(IMAGES[:8]))
    given = np.asarray(ops.convert_to_numpy(normal(hidden, training=training)), "float64")
    weights, bias = (np.asarray(v.numpy(), "float64") for v in dense.weights)
    error = 2 * (given @ weights + bias - IMAGES[:8].reshape(8, -1))
    return [np.linalg.norm(given.T @ slope) for slope in (np.ones_like(error), error)]


@pytest.mark.backend
def test_it_is_the_gradient_by_hand_in_evaluation_and_in_a_compiled_step():
    made = program()
    figures = Evaluation(made, IMAGES[:8])()
    expected = norms(made, training=False)
    assert [figures["of_sum"], figures["of_square"]] == pytest.approx(expected, rel=1e-4)

    # Two steps: weights and averages that the first one moved are those that the second one takes.
    train = compile_train(made, IMAGES)
    block = np.arange(8, dtype="int32")[None]
    train(block)
    before = [np.array(v.numpy()) for v in made.vae.variables]
    expected = norms(made, training=True)
    for variable, value in zip(made.vae.variables, before, strict=True):
        variable.assign(value)
    row = made.columns.means(train(block)[0], 8)
    assert [row["of_sum"][0], row["of_square"][0]] == pytest.approx(expected, rel=1e-4)

    figures = Evaluation(made, IMAGES[:8])()
    expected = norms(made, training=False)
    assert [figures["of_sum"], figures["of_square"]] == pytest.approx(expected, rel=1e-4)


def test_averages_take_each_batch_once():
    with_norms, without = program(), program(loss="tutorial", loss_opt={"weight": 16.0})
    block = np.arange(8, dtype="int32")[None]
    averages = []
    for made in (with_norms, without):
        compile_train(made, IMAGES)(block)
        averages.append([v.numpy() for v in made.vae.decoder.non_trainable_variables])
    for one, other in zip(*averages, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)


def test_a_decoder_without_a_kernel_is_refused():
    def fixed(latent_dim, image_shape):
        z = layers.Input((latent_dim,))
        dense = layers.Dense(16, trainable=False)
        return keras.Model(z, layers.Reshape(image_shape)(dense(z)))

    vaekit.register_decoder("fixed", fixed)
    with pytest.raises(vaekit.BuildError, match="no kernel to train"):
        program(decoder="fixed")
