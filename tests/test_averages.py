"""Batch norm's averages are those of the training images under the present weights."""

from __future__ import annotations

import json
import math
import signal

import keras
import numpy as np
import pytest
from keras import layers, ops

import vaekit
from tests.parts import make_vae, some_images, vae_of
from tests.resume.runs import result, resume, train
from vaekit.checkpoint import latest_checkpoint, read_checkpoint
from vaekit.engine import Program, averages_of, compile_train, epoch_order
from vaekit.engine.averages import pooled
from vaekit.loss import Adversary, Loss, needs_of
from vaekit.run_directory.record import parse_record

pytestmark = pytest.mark.backend

SHAPE = (8, 8, 2)


class Own(layers.BatchNormalization):
    """A stranger's."""


class Block(layers.Layer):
    """Batch norm within a layer."""

    def __init__(self):
        super().__init__()
        self.norms = [layers.BatchNormalization(name="inner")]

    def build(self, shape):
        self.norms[0].build(shape)

    def call(self, x, training=None):
        return self.norms[0](x, training=training)


class Critic(Adversary):
    def build(self, image_shape, latent_dim):
        norm = layers.BatchNormalization(name="critic")
        return keras.Sequential(
            [layers.Input(image_shape), norm, layers.Flatten(), layers.Dense(1)]
        )

    def optimizer(self):
        return keras.optimizers.SGD(0.0)

    def __call__(self, x, output, seed):
        return {"critic": output.adversary(x)[:, 0]}


class Normed(Loss):
    """Errors of images normalised by the loss's own batch norm, and what a critic makes of them."""

    def __init__(self):
        self.norm = layers.BatchNormalization(name="loss_norm")
        self.draws = keras.random.SeedGenerator(3)
        self.adversary = Critic()

    def __call__(self, x, output):
        x = x + 0.0 * keras.random.normal(ops.shape(x), seed=self.draws)
        error = self.norm(x, training=output.training) - output.reconstruction
        return {
            "error": ops.mean(ops.square(error), axis=(-3, -2, -1)),
            "kl": output.posterior.kl(),
        }


def squares(x, output):
    return {"error": ops.sum(ops.square(x - output.reconstruction), axis=(-3, -2, -1))}


def encoder(norms):
    images = layers.Input(SHAPE)
    features = [layers.Flatten()(norm(images)) for norm in norms.values()]
    # One layer, called twice.
    features.append(layers.Flatten()(norms["plain"](layers.Rescaling(-3.0)(images))))
    hidden = layers.Dropout(0.5, seed=1)(layers.Concatenate()(features))
    return keras.Model(images, layers.Dense(4)(hidden))


def decoder(norm=True):
    z = layers.Input((2,))
    pixels = layers.Dense(math.prod(SHAPE))(z)
    pixels = layers.BatchNormalization(name="late")(pixels) if norm else pixels
    return keras.Model(z, layers.Reshape(SHAPE)(layers.Activation("sigmoid")(pixels)))


def program(vae, loss):
    optimizer = keras.optimizers.Adam(1e-3)
    return Program(vae, loss, needs_of(loss, "mine"), optimizer, seed=0, loss_name="mine")


def renew(made, images, batch_size=8):
    averages_of("precise", made, images, batch_size=batch_size, seed=0)()


def test_moments_of_batches_are_pooled_to_those_of_all_values():
    batches = np.random.default_rng(0).normal([[3.0, -1.0]], [[2.0, 0.1]], (5, 40, 2))
    batches += np.arange(5)[:, None, None]
    mean, variance = pooled(batches.mean(axis=1), batches.var(axis=1))
    values = batches.reshape(-1, 2)
    np.testing.assert_allclose(mean, values.mean(axis=0))
    np.testing.assert_allclose(variance, values.var(axis=0))


def test_each_layer_gets_the_moments_of_the_images_and_nothing_else_moves():
    nested = keras.Sequential([layers.Input(SHAPE), layers.BatchNormalization(name="nested")])
    norms = {
        "plain": layers.BatchNormalization(name="plain"),
        "slow": layers.BatchNormalization(momentum=0.5, name="slow"),
        "own": Own(name="own"),
        "nested": nested,
        "block": Block(),
        "frozen": layers.BatchNormalization(trainable=False, name="frozen"),
        "renorm": layers.BatchNormalization(renorm=True, name="renorm"),
    }
    made = program(vae_of(encoder(norms), decoder()), Normed())
    images = some_images(20, SHAPE)
    compile_train(made, images)(np.arange(16, dtype="int32").reshape(2, 8))
    before = {v.path: np.array(v.numpy()) for v in made.state}
    assert len(before) == len(made.state)
    averages_of("moving", made, images, batch_size=8, seed=0)()
    renew(made, images)

    moved = {v.path for v in made.state if not np.array_equal(v.numpy(), before[v.path])}
    names = ("plain", "slow", "own", "nested", "inner", "critic", "loss_norm", "late")
    assert {path.split("/")[-2] for path in moved} == set(names)
    assert {path.split("/")[-1] for path in moved} == {"moving_mean", "moving_variance"}

    averages = {variable.path: variable.numpy() for variable in made.state}
    # Two full batches; the other four of the twenty images are left out.
    chosen = images[epoch_order(0, 0, 20)[:16]]
    x = chosen.reshape(-1, 2).astype("float64") / 255.0
    seen = {path: x for path in moved if "late" not in path}
    seen |= {path: np.concatenate([x, -3.0 * x]) for path in moved if "plain" in path}
    for path, values in seen.items():
        moment = values.mean(axis=0) if path.endswith("mean") else values.var(axis=0)
        np.testing.assert_allclose(averages[path], moment, rtol=1e-4, atol=1e-5, err_msg=path)
        assert np.abs(before[path] - moment).min() > 0.01, path


def test_over_one_batch_a_model_at_rest_gives_what_it_gives_in_training():
    narrow = {"encoder_opt": {"width": 4}, "decoder_opt": {"width": 4}}
    made = program(make_vae((8, 8, 1), **narrow), squares)
    images = some_images(24)
    x = ops.convert_to_tensor(images.astype("float32") / np.float32(255))

    def z_means(training):
        with keras.StatelessScope():
            return ops.convert_to_numpy(made.vae.posterior(x, training=training)[0])

    assert np.abs(z_means(False) - z_means(True)).max() > 0.1
    renew(made, images, batch_size=24)
    np.testing.assert_allclose(z_means(False), z_means(True), rtol=1e-3, atol=1e-4)


def test_a_model_without_batch_norm_compiles_nothing(monkeypatch):
    images = layers.Input(SHAPE)
    dense = keras.Model(images, layers.Dense(3)(layers.Flatten()(images)))
    made = program(vae_of(dense, decoder(norm=False)), squares)
    monkeypatch.delattr("vaekit.engine.averages.compile_forward")
    renew(made, some_images(8, SHAPE))


# runs


@pytest.fixture(scope="module")
def precise(tmp_path_factory):
    images = some_images(36)
    data = ((images[:24], np.zeros(24, int)), (images[24:], np.zeros(12, int)))
    return data, train(tmp_path_factory.mktemp("precise") / "run", data=data, limit=None, epochs=2)


def test_training_is_the_same_to_the_bit_and_what_is_saved_is_what_was_measured(precise, tmp_path):
    data, run = precise
    options = {"data": data, "limit": None, "epochs": 2, "batch_norm_averages": "moving"}
    moving = train(tmp_path / "run", **options)
    steps = [(each.path / "steps.csv").read_text() for each in (run, moving)]
    assert steps[0] == steps[1]
    assert run.history[0]["val_mse"] != moving.history[0]["val_mse"]
    assert run.history[0]["loss"] == moving.history[0]["loss"]
    for each, choice in ((run, "precise"), (moving, "moving")):
        assert each.record.config.batch_norm_averages == choice
        again = vaekit.load(each.path)
        assert again.evaluate(data)["mse"] == each.history[-1]["val_mse"]
        saved = keras.saving.load_model(each.path / "VAE.keras", compile=False)
        for mine, theirs in zip(again.vae.weights, saved.weights, strict=True):
            np.testing.assert_array_equal(mine.numpy(), theirs.numpy())
    with pytest.raises(vaekit.RunError, match="batch_norm_averages: was moving, is precise"):
        train(tmp_path / "run", **{**options, "batch_norm_averages": "precise"}, resume=True)


@pytest.mark.slow
def test_a_run_cut_within_an_epoch_saves_models_with_precise_averages(
    precise, tmp_path, monkeypatch
):
    data, run = precise
    steps = []

    def took(self, count, seconds):
        steps.append(count)
        if sum(steps) >= 2:
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr("vaekit.engine.pace.Pace.took", took)
        cut = train(tmp_path / "run", data=data, limit=None, epochs=2, steps_per_call=1)
    assert (cut.record.status, sum(steps)) == ("interrupted", 2)
    state = dict(read_checkpoint(latest_checkpoint(cut.path / "checkpoints")).arrays)
    same = {w.path: np.array_equal(w.numpy(), state[w.path]) for w in cut.vae.weights}
    assert not any(equal for path, equal in same.items() if "moving" in path)
    assert all(equal for path, equal in same.items() if "moving" not in path)
    assert result(resume(cut.path, data=data)) == result(run)


def test_a_record_from_before_there_was_a_choice_has_moving_ones(run):
    values = json.loads((run.path / "run.json").read_text())
    assert parse_record(values, "run.json").config.batch_norm_averages == "precise"
    del values["config"]["batch_norm_averages"]
    assert parse_record(values, "run.json").config.batch_norm_averages == "moving"
