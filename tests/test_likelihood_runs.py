"""Likelihoods in a run: trained under a bound, resumed to the bit, saved as means, refused."""

from __future__ import annotations

import typing

import keras
import numpy as np
import pytest
from keras import layers, ops

import vaekit
from tests.parts import blueprint, make_program, make_vae, some_images, values
from tests.small_nets import SMALL_NETS
from vaekit import distributions
from vaekit.engine import Evaluation, compile_train
from vaekit.errors import BuildError
from vaekit.loss import needs_of
from vaekit.run.artifacts import bare_operations
from vaekit.testing.plain_keras import open_models

NAMES = typing.get_args(distributions.LikelihoodName)
# One that follows the error, one of more channels, one of its own variable; the others, slowly.
FEW = {"optimal-gaussian", "logistic-mixture", "learned-gaussian"}
STEPS = np.random.default_rng(1).integers(0, 24, (4, 8), dtype="int32")


def options(name, samples=2):
    return {**SMALL_NETS, "loss": "elbo", "loss_opt": {"likelihood": name, "samples": samples}}


@pytest.mark.parametrize(
    "name", [n if n in FEW else pytest.param(n, marks=pytest.mark.slow) for n in NAMES]
)
def test_each_trains_and_goes_on_to_the_bit(name):
    images = some_images()
    whole = make_program(**options(name))
    train = compile_train(whole, images)
    before = train(STEPS[:2])
    saved = values(whole)
    after = train(STEPS[2:])
    assert np.isfinite(np.concatenate([before, after])).all()
    start = make_program(**options(name))
    for variable, value in zip(start.state, saved, strict=True):
        variable.assign(value)
    np.testing.assert_array_equal(compile_train(start, images)(STEPS[2:]), after)
    for one, other in zip(values(start), values(whole), strict=True):
        np.testing.assert_array_equal(one, other)
    figures = Evaluation(whole, images)()
    assert figures["elbo"] == pytest.approx(-figures["loss"], rel=1e-5)
    assert 0.0 <= figures["mse"] <= 1.0


def test_what_follows_the_error_does_so_once_a_step_under_any_loss():
    for loss in ("elbo", "beta"):
        config = {**SMALL_NETS, "loss": loss, "loss_opt": {"likelihood": "optimal-gaussian"}}
        program = make_program(**config)
        law = program.needs.likelihood
        compile_train(program, some_images())(STEPS[:3])
        assert float(law.updates.numpy()) == 3.0
        before = float(law.variance.numpy())
        Evaluation(program, some_images())()
        assert float(law.variance.numpy()) == before != 1.0


def test_saved_models_give_means_in_plain_keras(tmp_path):
    z = np.random.default_rng(0).normal(0, 3, (5, 2)).astype("float32")
    np.save(tmp_path / "z.npy", z)
    means, pairs = {}, []
    for name in NAMES:
        vae = make_vae((8, 8, 3), **options(name))
        means[name] = np.asarray(vae.decoder(z, training=False))
        if vae.scale == "parameters":
            assert bare_operations(vae.decoder)  # so that there is no .h5, which a run says
        path = tmp_path / f"{name}.keras"
        vae.decoder.save(path)
        pairs.append((path, tmp_path / "z.npy"))
    assert open_models(pairs, "vaekit") == ""
    for name, mean in means.items():
        with np.load(tmp_path / f"{name}.keras.npz") as saved:
            np.testing.assert_allclose(saved[saved.files[0]], mean, atol=1e-6)
        assert mean.shape == (5, 8, 8, 3)
        assert 0.0 <= mean.min() < mean.max() <= 1.0


def test_what_is_decoded_in_training_are_parameters_of_that_mean():
    vae = make_vae((8, 8, 3), **options("logistic-mixture"))
    z = ops.convert_to_tensor(np.random.default_rng(0).normal(size=(2, 5, 2)).astype("float32"))
    parameters = vae.decode(z, training=False)
    assert tuple(parameters.shape) == (2, 5, 8, 8, 70)
    mean = np.asarray(vae.mean_of(parameters))
    np.testing.assert_allclose(mean[1], np.asarray(vae.decoder(z[1])), atol=1e-5)


@pytest.mark.parametrize("name", ["discretized-logistic", "continuous-bernoulli"])
def test_densities_are_float32_in_mixed_precision(name):
    built = blueprint((8, 8, 1), 0, {**options(name, 1), "precision": "mixed_bfloat16"}).build()
    x = some_images(4) / np.float32(255)
    output = built.vae(x, keras.random.SeedGenerator(0), training=True)
    assert keras.backend.standardize_dtype(output.reconstruction.dtype) == "float32"
    law = built.products["loss"].needs.likelihood
    log_prob = law.log_prob(ops.convert_to_tensor(x), output.reconstruction)
    assert keras.backend.standardize_dtype(log_prob.dtype) == "float32"


def test_a_runs_samples_and_reconstructions_are_images(tmp_path):
    run = vaekit.train(
        data=some_images(),
        **options("logistic-mixture", 1),
        epochs=1,
        batch_size=8,
        out=tmp_path / "run",
        progress=False,
    )
    assert set(run.record.models_left_out) == {"VAE_decoder.h5", "VAE.h5"}
    loaded = vaekit.load(tmp_path / "run")
    for images in (loaded.sample(3), loaded.reconstruct(some_images(3))):
        images = np.asarray(images)
        assert images.shape == (3, 8, 8, 1)
        assert 0.0 <= images.min() <= images.max() <= 1.0


def narrow(latent_dim, image_shape):
    """A decoder of few channels."""
    if image_shape[-1] > 4:
        raise ValueError("at most 4 channels")
    z = layers.Input((latent_dim,))
    x = layers.Dense(int(np.prod(image_shape)))(z)
    return keras.Model(z, layers.Reshape(image_shape)(x))


@pytest.mark.usefixtures("registering")
def test_a_decoder_that_cannot_give_so_many_is_refused_with_the_reason():
    vaekit.register_decoder("narrow", narrow)
    make_vae((8, 8, 1), **{**options("pixel-gaussian"), "decoder": "narrow"})
    with pytest.raises(BuildError, match=r"'narrow'.*at most 4.*30 parameters.*in place of 1:"):
        make_vae((8, 8, 1), **{**options("logistic-mixture"), "decoder": "narrow"})


def test_a_loss_on_parameters_needs_a_likelihood_that_has_some():
    class Without(vaekit.Loss):
        scale = "parameters"

        def __call__(self, x, output):
            return {}

    with pytest.raises(BuildError, match=r"'mine' works on parameters.*ParameterLikelihood"):
        needs_of(Without(), "mine")


class Learned(vaekit.Loss):
    """Makes a layer where it is made, as the others are."""

    def __init__(self):
        self.features = layers.Dense(3)
        self.features.build((None, 64))

    def __call__(self, x, output):
        flat = [ops.reshape(i, (-1, 64)) for i in (x, output.reconstruction)]
        apart = self.features(flat[0]) - self.features(flat[1])
        return {"features": ops.sum(ops.square(apart), axis=-1)}


@pytest.mark.usefixtures("registering")
def test_no_weight_of_the_vae_hangs_on_the_loss():
    vaekit.register_loss("features-of-its-own", Learned)
    one, other = (
        make_vae((8, 8, 1), **SMALL_NETS, loss=n) for n in ("tutorial", "features-of-its-own")
    )
    for mine, theirs in zip(one.variables, other.variables, strict=True):
        np.testing.assert_array_equal(mine.numpy(), theirs.numpy())
