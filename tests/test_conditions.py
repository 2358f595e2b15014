"""Runs with a condition: the class of an image beside encoder, decoder and prior."""

from __future__ import annotations

import re
import warnings

import h5py
import keras
import numpy as np
import pytest
from keras import ops

import vaekit
from tests.parts import blueprint, some_images
from tests.resume.runs import KillAt, Killed, result
from tests.small_nets import SMALL_NETS
from vaekit.engine import Evaluation, compile_train
from vaekit.errors import DataError
from vaekit.model.conditions import Condition
from vaekit.types import Images

backend = pytest.mark.backend

BLOCK = np.arange(24, dtype="int32").reshape(3, 8)
CLASSES = np.arange(24) % 3


def program(classes=None, *, compiled=False, rate=1e-3, code="one-hot", **config):
    if classes is not None:
        config |= {"condition": "labels", "condition_code": code}
    plan = blueprint((8, 8, 1), 0, {**SMALL_NETS, "latent_dim": 2, "loss": "elbo", **config})
    plan = plan._replace(classes=classes, compiled=compiled)
    return plan.program(optimizer=keras.optimizers.Adam(rate))


def trained(made, labels=CLASSES, steps=3):
    """Rows of so many steps."""
    images = Images(some_images(), labels)
    order = np.resize(BLOCK, (steps, 8))
    return compile_train(made, images if made.vae.condition else images.pixels)(order)


def losses(made, rows):
    return rows[:, made.columns.names.index("loss")] / 8


def carry_over(plain, conditional):
    """The plain VAE's weights, with zero rows for the codes of labels."""
    theirs, ours = (
        [v for v in made.vae.variables if not {"seed", "label"} & {*re.split("[/_]", v.path)}]
        for made in (plain, conditional)
    )
    for variable, target in zip(theirs, ours, strict=True):
        value = np.array(variable.numpy())
        whole = np.zeros(tuple(target.shape), value.dtype)
        whole[tuple(slice(side) for side in value.shape)] = value
        target.assign(whole)


@backend
def test_with_constant_labels_it_is_the_plain_vae():
    plain, conditional = program(rate=5e-3), program(3, rate=5e-3)
    carry_over(plain, conditional)
    x, labels = some_images().astype("float32") / 255, np.full((24, 1), 1)
    for one, other in (
        (plain.vae.posterior, conditional.vae.posterior),
        (plain.vae.autoencoder, conditional.vae.autoencoder),
    ):
        expected, values = one.predict(x, verbose=0), other.predict([x, labels], verbose=0)
        for a, b in zip(keras.tree.flatten(expected), keras.tree.flatten(values), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-6)
    z = np.random.default_rng(1).normal(size=(24, 2)).astype("float32")
    decoded = conditional.vae.decoder.predict([z, labels], verbose=0)
    np.testing.assert_allclose(plain.vae.decoder.predict(z, verbose=0), decoded, atol=1e-6)

    # A constant code is one more bias, which Adam moves, too: so alike, and not to the bit.
    alone = losses(plain, trained(plain, steps=40))
    beside = losses(conditional, trained(conditional, np.full(24, 1), steps=40))
    assert alone[0] == pytest.approx(beside[0], rel=1e-6)
    assert alone[-3:].mean() < 0.97 * alone[:3].mean()
    np.testing.assert_allclose(beside, alone, rtol=0.02)


@pytest.mark.parametrize("code", ["one-hot", "embedded"])
def test_codes_join_vectors_and_every_place_of_a_map(code):
    condition = Condition(4, code)
    labels = keras.Input((1,), dtype="int32")
    embedding = condition.embedding("codes")
    for shape in ((5,), (2, 3, 5)):
        values = keras.Input(shape)
        joined = condition.joined(values, embedding(labels), f"joined_{len(shape)}")
        model = keras.Model([values, labels], joined)
        x, classes = np.random.default_rng(0).random((6, *shape), "float32"), np.arange(6) % 4
        codes = ops.convert_to_numpy(embedding.embeddings)[classes]
        assert codes.shape == (6, condition.width)
        if code == "one-hot":
            np.testing.assert_array_equal(codes, np.eye(4)[classes])
            assert not embedding.trainable_variables
        codes = np.broadcast_to(codes.reshape(6, *[1] * (len(shape) - 1), -1), (*x.shape[:-1], 4))
        expected = np.concatenate([x, codes], axis=-1)
        np.testing.assert_allclose(model.predict([x, classes[:, None]], verbose=0), expected)


def test_a_code_of_many_classes_is_narrower_than_they_are_if_it_is_learned():
    assert Condition(100, "one-hot").width == 100
    assert Condition(100, "embedded").width == 16


def bright_and_dark(count=48):
    """Images of class 0 that are dark and of class 1 that are bright, a little noisy."""
    random = np.random.default_rng(0)
    labels = np.arange(count) % 2
    level = np.where(labels, 200, 40)[:, None, None, None]
    return Images((level + random.integers(0, 40, (count, 8, 8, 1))).astype("uint8"), labels)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    images = bright_and_dark()
    return vaekit.train(
        **SMALL_NETS,
        data=vaekit.Dataset("levels", images, images, ("dark", "bright")),
        condition="labels",
        loss="elbo",
        epochs=25,
        batch_size=8,
        learning_rate=0.02,
        progress=False,
        out=str(tmp_path_factory.mktemp("runs") / "conditional"),
    )


def test_labels_change_samples(run):
    drawn = run.sample(20, labels=np.repeat([0, 1], 10))
    assert drawn[:10].mean() < 0.4
    assert drawn[10:].mean() > 0.6
    np.testing.assert_array_equal(run.sample(20, labels=np.arange(20) % 2), run.sample(20))
    # The class decides, and z doesn't: it is the same for both.
    z = np.zeros((2, run.latent_dim), "float32")
    dark, bright = run.decode(z, labels=[0, 1])
    assert bright.mean() - dark.mean() > 0.3


def test_the_record_says_of_what_it_was_made(run):
    assert run.config.condition == "labels"
    assert run.record.data.condition_classes == 2
    again = vaekit.load(run.path)
    images = bright_and_dark(8)
    for one, other in (
        (run.reconstruct(images), again.reconstruct(images)),
        (run.latents(images), again.latents(images)),
    ):
        np.testing.assert_array_equal(one, other)
    score = again.score(images)
    assert np.isfinite(score["elbo"]).all()


def data_of(labels, classes=None, test_labels="same"):
    images = some_images()
    train = Images(images, labels)
    test = Images(images, labels if isinstance(test_labels, str) else test_labels)
    return vaekit.Dataset("of-a-stranger", train, test, classes)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (
            lambda: data_of(None),
            r"condition='labels' needs a class for each image, and of-a-stranger has no labels. Put"
            " the images into a folder for each class, or give labels with the arrays.",
        ),
        (lambda: data_of(CLASSES, test_labels=None), "of-a-stranger has no labels"),
        (lambda: some_images(), "has no labels"),
        (lambda: data_of(CLASSES - 1), "of-a-stranger has the label -1: count from 0"),
        (
            lambda: data_of(CLASSES, ("a", "b")),
            "of of-a-stranger run from 0 to 2, but there are 2 class names. Number the labels",
        ),
        (
            lambda: data_of(CLASSES + 20_000),
            "has the label 20002; a condition tells apart at most 10000 classes. Number the class",
        ),
        (lambda: (some_images(), CLASSES + 0.5), "not whole numbers. Number the classes from 0"),
        (lambda: (some_images(), CLASSES[:5]), "are 5, but there are 24 images"),
    ],
)
def test_labels_that_can_not_be_are_refused_before_training(tmp_path, data, text):
    with pytest.raises(DataError, match=text):
        vaekit.train(
            **SMALL_NETS,
            data=data(),
            condition="labels",
            batch_size=8,
            progress=False,
            out=str(tmp_path / "run"),
        )
    assert not (tmp_path / "run").exists()


def test_the_source_and_not_a_part_of_it_says_how_many_classes_there_are(tmp_path):
    """Some class may be in no image that is trained on."""
    run = vaekit.train(
        **SMALL_NETS,
        data=data_of(np.zeros(24, int), ("a", "b", "c")),
        condition="labels",
        epochs=1,
        batch_size=8,
        progress=False,
        out=str(tmp_path / "run"),
    )
    assert run.record.data.condition_classes == 3
    assert run.sample(3, labels=[0, 1, 2]).shape == (3, 8, 8, 1)


def conditional(out, data, **more):
    small = {"condition": "labels", "loss": "elbo", "epochs": 2, "batch_size": 8}
    small |= {"batch_norm_averages": "moving", "step_log": True, "progress": False}
    small |= {**SMALL_NETS, **more}
    return vaekit.train(data=data, out=str(out), **small)


@backend
def test_cut_and_gone_on_with_is_uncut(tmp_path):
    """With images that are changed as they are trained on, and a prior that learns by class."""
    images = Images(some_images(), CLASSES)
    data = vaekit.Dataset("arrays", images, images)
    more = {"augment": ["shift"], "prior": "mixture", "prior_opt": {"components": 2}}
    whole = conditional(tmp_path / "whole", data, **more)
    with pytest.raises(Killed):
        conditional(
            tmp_path / "cut", data, **more, callbacks=[KillAt(4)], checkpoint_every="2steps"
        )
    assert result(vaekit.resume(tmp_path / "cut", data=data, progress=False)) == result(whole)


def test_streamed_images_bring_their_labels(tmp_path):
    with h5py.File(tmp_path / "images.h5", "w") as file:
        file["x_train"], file["y_train"] = some_images(40), np.arange(40) % 3
    runs = [
        conditional(tmp_path / name, str(tmp_path / "images.h5"), data_budget=budget)
        for name, budget in (("streamed", 2100), ("held", "1GB"))
    ]
    assert [run.record.data.condition_classes for run in runs] == [3, 3]
    streamed, held = ((run.path / "steps.csv").read_text() for run in runs)
    assert streamed == held
    assert runs[0].history[-1]["val_loss"] == runs[1].history[-1]["val_loss"]


@backend
@pytest.mark.parametrize("prior", ["mixture", "vamp"])
def test_priors_learn_beside_a_condition(prior):
    options = {"mixture": {"components": 3}, "vamp": {"inputs": 4}}[prior]
    made = program(3, prior=prior, prior_opt=options)
    before = {v.path: np.array(v.numpy()) for v in made.vae.parts["prior"]}
    assert np.isfinite(trained(made)).all()
    still = [v.path for v in made.vae.parts["prior"] if np.array_equal(before[v.path], v.numpy())]
    assert still == []
    assert np.isfinite(Evaluation(made, Images(some_images(), CLASSES))()["loss"])


@backend
def test_each_class_has_a_mixture_of_its_own_weights():
    made = program(3, prior="mixture", prior_opt={"components": 2})
    prior = made.vae.prior
    kernel = np.array([[2.0, -2.0], [0.0, 0.0], [-1.0, 1.0]], "float32")
    made.vae.prior_distribution(ops.zeros((1, 1), "int32"))  # builds its layer
    prior.by_condition.kernel.assign(kernel)
    prior.logits.assign([0.5, 0.0])
    law = made.vae.prior_distribution(ops.convert_to_tensor([[0], [1], [2]], "int32"))
    logits = kernel + np.array([0.5, 0.0])
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    weights = np.exp(ops.convert_to_numpy(law.log_weights))
    np.testing.assert_allclose(weights, expected, rtol=1e-5)


@backend
def test_in_mixed_precision_it_is_about_the_same():
    half, whole = program(3, precision="mixed_float16"), program(3)
    np.testing.assert_allclose(
        losses(half, trained(half)), losses(whole, trained(whole)), rtol=0.01
    )


@backend
@pytest.mark.skipif(keras.backend.backend() != "torch", reason="the others always compile")
def test_torch_compiles_steps_with_labels():
    with warnings.catch_warnings():
        warnings.simplefilter("error", vaekit.errors.VaekitWarning)  # it must not fall back
        eager, compiled = program(3), program(3, compiled=True)
        rows = [trained(made) for made in (eager, compiled)]
    np.testing.assert_allclose(rows[1], rows[0], rtol=1e-4, atol=1e-5)
