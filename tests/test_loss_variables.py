"""A loss's own variables and layers: trained, kept in checkpoints, resumed and restored."""

from __future__ import annotations

import functools
import math

import keras
import numpy as np
import pytest
from keras import layers, ops

import vaekit
from tests.parts import make_vae, some_images
from tests.resume.runs import SMALL, KillAt, Killed, result
from vaekit import distributions
from vaekit.checkpoint import latest_checkpoint, read_checkpoint, snapshot
from vaekit.engine import Evaluation, Program, compile_train
from vaekit.errors import BuildError
from vaekit.loss import needs_of
from vaekit.model import variables_of
from vaekit.plugins import discovery

pytestmark = pytest.mark.backend

PIXELS = (-3, -2, -1)


class Learned:
    """A Gaussian likelihood of one learned variance."""

    scale = "mean"

    def __init__(self):
        self.log_var = keras.Variable(-2.0, name="log_var")

    def log_prob(self, x, reconstruction):
        log_probs = distributions.normal_log_prob(x, reconstruction, self.log_var)
        return ops.sum(log_probs, axis=PIXELS)


class LearnedVariance(vaekit.Loss):
    def __init__(self):
        self.likelihood = Learned()

    def __call__(self, x, output):
        log_prob = self.likelihood.log_prob(x, output.reconstruction)
        return {"reconstruction": -log_prob, "kl": output.posterior.kl()}


class Features(LearnedVariance):
    """Also errors of features, by layers that have no weights until the first call."""

    def __init__(self):
        super().__init__()
        self.blocks = {"norm": layers.BatchNormalization(), "dense": [layers.Dense(3)]}
        self.draws = keras.random.SeedGenerator(5)

    def features(self, images, training):
        flat = ops.reshape(images, (-1, math.prod(images.shape[1:])))
        return self.blocks["dense"][0](self.blocks["norm"](flat, training=training))

    def __call__(self, x, output):
        noise = 0.01 * keras.random.normal(ops.shape(x), seed=self.draws)
        mine = self.features(x + noise, output.training)
        error = ops.square(mine - self.features(output.reconstruction, output.training))
        return {**super().__call__(x, output), "features": ops.sum(error, axis=-1)}


def program(loss, rate=1e-3, still=False):
    """A VAE and a loss to be trained together; the loss alone where the VAE is to stay still."""
    vae = make_vae((8, 8, 1), encoder_opt={"width": 4}, decoder_opt={"width": 4})
    optimizer = keras.optimizers.Adam(rate)
    vae.autoencoder.trainable = not still
    return Program(vae, loss, needs_of(loss, "mine"), optimizer, seed=0, loss_name="mine")


def trained(made, steps):
    train = compile_train(made, some_images())
    return train(np.resize(np.arange(24, dtype="int32"), (steps, 24)))


def paths(variables):
    return [variable.path for variable in variables]


@pytest.fixture
def registered(site, monkeypatch):
    monkeypatch.setattr(discovery, "_local_parts", {**discovery._local_parts})
    vaekit.register_loss("features", Features)


def test_variables_are_looked_for_wherever_a_loss_may_hold_them():
    a, b, c, d, e, f = (keras.Variable(0.0, name=name) for name in "abcdef")
    counter = keras.Variable(0.0, trainable=False, name="counter")
    frozen, free = layers.Dense(1, trainable=False, name="frozen"), layers.Dense(1, name="free")
    frozen.build((None, 2))
    free.build((None, 2))

    class Holder:
        shared = keras.Variable(0.0, name="of the class")

        def __init__(self):
            self.a, self.several = a, [b, {"c": (c, a, f)}]
            self.layers, self.counter, self.itself = [frozen, free], counter, self
            self.optimizer = keras.optimizers.Adam()
            self.optimizer.build([a])
            self.bound = functools.partial(self.method, d)
            self.array, self.tensor, self.module = np.ones(3), ops.ones(3), keras

        def method(self, variable):
            return variable

    def function():
        return e, later

    function.holder = Holder()
    held = variables_of(function, but=[f])
    later = None  # what a function closes over may have no value yet
    names = {*"abcde", "counter", "frozen/kernel", "frozen/bias", "free/kernel", "free/bias"}
    assert sorted(paths(held.variables)) == sorted(names)
    assert set(paths(held.trainable)) == {*"abcde", "free/kernel", "free/bias"}


def test_a_learned_variance_reaches_the_maximum_likelihood():
    """-log N is least where the variance is the mean squared error."""
    made = program(LearnedVariance(), rate=0.05, still=True)
    trained(made, 150)
    assert paths(made.objectives[0].variables) == ["log_var"]
    error = Evaluation(made, some_images())()["mse"]
    assert math.exp(made.own.variables[0].numpy()) == pytest.approx(error, rel=0.02)


def test_sigma_follows_the_error_of_training():
    made = program(discovery.discover().registry.get("loss", "sigma").load()(), still=True)
    trained(made, 100)
    summary = Evaluation(made, some_images())()
    variance, updates = (float(variable.numpy()) for variable in made.own.variables)
    assert (variance, updates) == (pytest.approx(summary["mse"], rel=0.02), 100)
    values = math.prod(made.vae.image_shape)
    expected = 0.5 * values * (math.log(2 * math.pi * variance) + summary["mse"] / variance)
    assert summary["reconstruction"] == pytest.approx(expected, rel=1e-5)
    assert summary["elbo"] == pytest.approx(-summary["reconstruction"] - summary["kl"], rel=1e-5)


def test_layers_are_built_trained_and_at_rest_in_evaluation():
    made = program(Features())
    assert len(made.own.variables) == 8  # one, four of the norm, two of the layer, the draws'
    assert {id(v) for v in made.own.variables} <= {id(v) for v in made.state}
    before = snapshot(made.own.variables)
    trained(made, 3)
    after = snapshot(made.own.variables)
    same = {path for (path, a), (_, b) in zip(before, after, strict=True) if np.array_equal(a, b)}
    assert {path.split("/")[-1] for path in same} <= {"beta", "bias"}  # cancel out
    evaluate = Evaluation(made, some_images())
    assert evaluate() == evaluate()
    for (path, value), (_, now) in zip(after, snapshot(made.own.variables), strict=True):
        np.testing.assert_array_equal(value, now, err_msg=path)


def test_a_loss_that_learns_goes_on_to_the_bit_and_is_restored(registered, tmp_path):
    images = some_images(36)
    data = ((images[:24], np.zeros(24, int)), (images[24:], np.zeros(12, int)))
    small = {**SMALL, "limit": None, "data": data, "loss": "features", "epochs": 2}
    small["batch_norm_averages"] = "moving"  # a step less to compile
    whole = vaekit.train(**small, out=str(tmp_path / "whole"))
    killed = {"callbacks": [KillAt(4)], "checkpoint_every": "2steps", "out": str(tmp_path / "cut")}
    with pytest.raises(Killed):
        vaekit.train(**small, **killed)
    assert result(vaekit.resume(tmp_path / "cut", data=data, progress=False)) == result(whole)

    again = vaekit.load(whole.path)
    shapes = again.record.loss_variables
    state = dict(read_checkpoint(latest_checkpoint(whole.path / "checkpoints")).arrays)
    assert {path: list(state[path].shape) for path in shapes} == shapes
    assert len(shapes) == 8
    row, summary = whole.history[-1], again.evaluate(data)
    names = ("loss", "reconstruction", "features", "kl", "elbo", "mse")
    assert [summary[name] for name in names] == [row[f"val_{name}"] for name in names]


HELD_ELSEWHERE = keras.Variable(1.0, name="elsewhere")


def uses_another(x, output):
    return {"kl": HELD_ELSEWHERE * output.posterior.kl()}


def makes_a_layer(x, output):
    scores = layers.Dense(1, name="new")(output.z)
    return {"scores": scores[:, 0]}


def makes_a_variable(x, output):
    return {"kl": keras.Variable(1.0) * output.posterior.kl()}


@pytest.mark.parametrize(
    ("loss", "text"),
    [
        (uses_another, r"uses the variable 'elsewhere' and doesn't hold it"),
        (makes_a_layer, r"makes, at each call, the variable 'new/.*' and doesn't hold it"),
        (makes_a_variable, r"makes a variable when it is called"),
    ],
)
def test_a_variable_that_the_loss_does_not_hold_is_refused(loss, text):
    with pytest.raises(BuildError, match=rf"The loss 'mine' {text}.* keep it as an attribute"):
        program(loss)
