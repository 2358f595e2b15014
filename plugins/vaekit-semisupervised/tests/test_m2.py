"""M2 against an enumeration by hand; which labels are used; what moves, and resuming."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import vaekit
from keras import ops
from parts import IMAGES, array, blueprint, tensor, values
from vaekit.engine import Evaluation, Program, compile_train
from vaekit.types import Images
from vaekit_semisupervised.m2 import m2

CLASSES = 3
LABELS = np.arange(64) % (CLASSES + 1) - 1  # every fourth is unknown
STEPS = np.random.default_rng(1).permutation(64)[:32].reshape(4, 8).astype("int32")
PIXELS = (3, 2, 1)


def program(**options: Any) -> Program:
    loss_opt = {"units": 5, **options}
    plan = blueprint(loss="m2", loss_opt=loss_opt, condition="labels", label_fraction=0.5)
    return plan._replace(classes=CLASSES).program(optimizer=keras.optimizers.Adam(2e-3))


def output_of(
    rng: np.random.Generator, labels: np.ndarray, logits: np.ndarray, training: bool = False
) -> tuple[vaekit.VAEOutput, np.ndarray, np.ndarray, np.ndarray]:
    """An output of images that have another decoding and posterior under each class.

    Beside it: what the decoder gives, `(C, B, ...)`, and the posteriors' moments, `(C, B, D)`.
    """
    count = len(labels)
    decoded = rng.normal(size=(CLASSES, count, *PIXELS))
    mean, log_var = rng.normal(size=(2, CLASSES, count, 2))

    def under(others: Any) -> vaekit.VAEOutput:
        numbers = array(others).astype(int)
        pairs = (numbers.ravel(), np.tile(np.arange(count), len(numbers)))
        return vaekit.VAEOutput(
            tensor(decoded[pairs]),
            vaekit.Posterior(tensor(mean[pairs]), tensor(log_var[pairs])),
            z=None,
        )

    own = under(np.maximum(labels, 0)[None])
    networks = {"classifier": lambda x: tensor(logits)}
    output = own._replace(
        labels=ops.convert_to_tensor(labels.astype("int32")),
        under=under,
        networks=networks,
        training=training,
    )
    return output, decoded, mean, log_var


@pytest.mark.backend
def test_terms_are_those_of_an_enumeration_by_hand() -> None:
    rng = np.random.default_rng(0)
    labels = np.array([-1, 2, 0, -1, 1])
    x, logits = rng.random((5, *PIXELS)), rng.normal(size=(5, CLASSES))
    output, decoded, mean, log_var = output_of(rng, labels, logits)
    terms = {name: array(term) for name, term in m2(alpha=7.0)(tensor(x), output).items()}
    q = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    for image, label in enumerate(labels):
        bounds = []
        for y in range(CLASSES):
            pixels = decoded[y, image]
            log_prob = (x[image] * pixels - np.log1p(np.exp(pixels))).sum()
            moments = mean[y, image] ** 2 + np.exp(log_var[y, image]) - 1 - log_var[y, image]
            bounds.append(-log_prob - np.log(1 / CLASSES) + 0.5 * moments.sum())
        entropy = -(q[image] * np.log(q[image])).sum()
        marginal = (q[image] * bounds).sum() - entropy
        known = label >= 0
        assert terms["unlabelled"][image] == pytest.approx(0 if known else marginal, rel=1e-5)
        assert terms["labelled"][image] == pytest.approx(bounds[label] if known else 0, rel=1e-5)
        cross = -7 * np.log(q[image, label]) if known else 0
        assert terms["classification"][image] == pytest.approx(cross, rel=1e-5)
        assert terms["accuracy"][image] == (known and q[image].argmax() == label)


def test_accuracy_is_of_held_out_images_alone() -> None:
    rng = np.random.default_rng(0)
    output, *_ = output_of(rng, np.array([0, 1]), rng.normal(size=(2, CLASSES)), training=True)
    assert "accuracy" not in m2()(tensor(rng.random((2, *PIXELS))), output)


@pytest.mark.backend
def test_the_marginal_is_the_best_q_can_do_at_the_posterior_of_classes() -> None:
    """sum_y q L - H is least where q is softmax(-L), and is then -log sum_y exp(-L)."""
    rng = np.random.default_rng(4)
    x = rng.random((1, *PIXELS))
    unknown = np.array([-1])
    bounds = np.zeros(CLASSES)
    for y in range(CLASSES):  # a classifier that is sure gives each bound by itself
        sure = np.where(np.arange(CLASSES) == y, 60.0, 0.0)[None]
        output, *_ = output_of(np.random.default_rng(5), unknown, sure)
        bounds[y] = array(m2()(tensor(x), output)["unlabelled"])[0]
    output, *_ = output_of(np.random.default_rng(5), unknown, -bounds[None])
    best = array(m2()(tensor(x), output)["unlabelled"])[0]
    assert best == pytest.approx(-np.log(np.exp(-bounds).sum()), rel=1e-5)


@pytest.mark.backend
def test_trains_moves_every_weight_and_resumes_to_the_bit() -> None:
    images = Images(IMAGES, LABELS)
    whole = program()
    start = values(whole)
    train = compile_train(whole, images)
    before = train(STEPS[:2])
    saved = values(whole)
    after = train(STEPS[2:])
    assert np.isfinite(np.concatenate([before, after])).all()
    still = [
        variable.path
        for variable, first, last in zip(whole.state, start, values(whole), strict=True)
        if variable.trainable and np.array_equal(first, last)
    ]
    assert still == []
    again = program()
    for variable, value in zip(again.state, saved, strict=True):
        variable.assign(value)
    np.testing.assert_array_equal(compile_train(again, images)(STEPS[2:]), after)
    for one, other in zip(values(again), values(whole), strict=True):
        np.testing.assert_array_equal(one, other)


def test_images_without_a_label_move_every_part() -> None:
    made = program()
    before = {id(v): np.array(v.numpy()) for v in made.state}
    compile_train(made, Images(IMAGES, np.full(64, -1)))(STEPS[:1])
    groups = {**made.vae.parts, "classifier": made.networks["classifier"].trainable_variables}
    for name, variables in groups.items():
        moved = [not np.array_equal(before[id(v)], v.numpy()) for v in variables]
        assert all(moved), name


def test_held_out_figures_have_an_accuracy() -> None:
    made = program()
    figures = Evaluation(made, Images(IMAGES, np.arange(64) % CLASSES))()
    assert 0.0 <= figures["accuracy"] <= 1.0
    assert figures["unlabelled"] == 0.0
    x, labels = tensor(IMAGES), np.arange(64) % CLASSES
    likeliest = array(made.networks["classifier"](x)).argmax(-1)
    assert figures["accuracy"] == pytest.approx((likeliest == labels).mean())
    assert figures["loss"] == pytest.approx(
        figures["labelled"] + figures["classification"], rel=1e-5
    )


def test_a_label_that_is_unknown_stands_for_the_likeliest_class() -> None:
    """What is reported of such an image, too, is under that class."""
    made = program()
    likeliest = array(made.networks["classifier"](tensor(IMAGES[:4]))).argmax(-1).astype("int32")
    rows = []
    for labels in (likeliest, np.full(4, -1, "int32")):
        made.restart_evaluation()
        rows.append(made.score_step((tensor(IMAGES[:4]), ops.convert_to_tensor(labels))))
    names = made.score_names
    for name in ("kl", "elbo", "mse"):
        one, other = (array(row)[:, names.index(name)] for row in rows)
        np.testing.assert_array_equal(one, other)


def test_it_needs_labels_and_others_need_all_of_them() -> None:
    with pytest.raises(vaekit.BuildError, match=r"'m2' learns.*condition='labels'"):
        blueprint(loss="m2").build()
    few = blueprint(loss="elbo", condition="labels", label_fraction=0.5)
    with pytest.raises(vaekit.BuildError, match=r"'elbo' takes no images without.*'m2'"):
        few._replace(classes=CLASSES).build()
    with pytest.raises(vaekit.OptionError, match=r"label_fraction can't be 0.5: without cond"):
        blueprint(loss="m2", label_fraction=0.5)
