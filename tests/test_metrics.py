"""Metrics: asked of a run, in its training, and refused before anything is computed."""

from __future__ import annotations

import csv
import json
from typing import ClassVar

import numpy as np
import pytest
from keras import ops

import vaekit
from tests.metrics import TINY, Bound, bound
from tests.resume.runs import KillAt, Killed
from vaekit import counted_progress
from vaekit.errors import (
    BuildError,
    DataError,
    OptionError,
    PluginError,
    UnknownNameError,
    UserError,
    VaekitWarning,
)
from vaekit.plugins import discover, discovery


class Constant(vaekit.Metric):
    """Gives what it is made to give."""

    figures: ClassVar = {"one": vaekit.Estimate(1.0)}

    def __call__(self, measurement):
        return dict(self.figures)


def squared_error(x, output):
    return {"error": ops.sum(ops.square(x - output.reconstruction), axis=(1, 2, 3))}


@pytest.fixture(scope="module", autouse=True)
def registered():
    """The metrics of these tests, gone again afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(discovery, "_local_parts", dict(discovery._local_parts))
        vaekit.register_metric("bound", bound, summary="The ELBO by draws.")
        vaekit.register_metric("constant", lambda: Constant(), summary="One.")
        vaekit.register_loss("error", lambda: squared_error, summary="Without a likelihood.")
        yield
        discover.cache_clear()


def train(out, **more):
    return vaekit.train(**{**TINY, "out": str(out), **more})


@pytest.fixture(scope="module")
def run(tmp_path_factory, registered):
    return train(tmp_path_factory.mktemp("metrics") / "run", epochs=1)


def history(run):
    """The history but for times."""
    timed = ("seconds", "images_per_s")
    return [{k: v for k, v in row.items() if k not in timed} for row in run.history]


@pytest.mark.backend
def test_an_estimate_by_draws_is_the_closed_form(run):
    """Of 400 draws an image, the bound is within 4 standard errors of that with the exact KL."""
    result = run.evaluate(metrics="bound", metric_options={"bound": {"samples": 400}})
    figure = result["metrics"]["bound"]["bound"]
    assert list(figure) == ["value", "unit", "better", "error", "estimator", "note"]
    assert (figure["unit"], figure["better"]) == ("nats", "higher")
    assert figure["estimator"] == "400 draws an image"
    assert figure["value"] == pytest.approx(result["elbo"], abs=0.5)
    plain = run.evaluate()
    assert plain == {name: value for name, value in result.items() if name != "metrics"}


@pytest.mark.backend
def test_over_draws_by_its_seed_alone_and_moves_nothing(run, monkeypatch):
    """One seed gives the same to the bit; repeats and batches are other draws of the same images.

    What z is drawn by, (z - mean) / deviation, is standard normal.
    """
    seen = {}

    def look(self, measurement):
        model, images = measurement.model, measurement.images

        def draw(x, labels, seed):
            output = model.infer(x, labels, seed, samples=3)
            return {"z": output.z[0], "x": x, "log_prior": model.log_prior(output.z, labels)[1]}

        first = model.over(draw, images, batch=100, seed=5)
        model.over(draw, images, seed=6)
        again = model.over(draw, images, batch=100, seed=5)
        other = model.over(draw, images, batch=100, seed=7)
        through = []
        repeats = model.over_repeats(draw, images, 3, batch=100, seed=5, done=through.append)
        seen.update(first=first, again=again, other=other, repeats=repeats, through=sum(through))
        seen.update(images=images, points=model.posterior(images))
        return {"one": vaekit.Estimate(1.0)}

    monkeypatch.setattr(Constant, "__call__", look)
    before = [np.array(v.numpy()) for v in run.model.variables]
    run.evaluate(metrics=["constant"])
    for variable, value in zip(run.model.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)
    count = len(seen["images"].pixels)
    assert count == 180  # two batches, of which the last is filled up
    np.testing.assert_array_equal(seen["first"]["x"], vaekit.as_floats(seen["images"].pixels))
    for name in ("z", "x", "log_prior"):
        np.testing.assert_array_equal(seen["first"][name], seen["again"][name])
    assert not np.array_equal(seen["first"]["z"], seen["other"]["z"])
    assert seen["repeats"]["z"].shape == (3, count, 3)
    np.testing.assert_array_equal(seen["repeats"]["x"][2], seen["first"]["x"])
    np.testing.assert_array_equal(seen["repeats"]["z"][0, :100], seen["first"]["z"][:100])
    assert not np.array_equal(seen["repeats"]["z"][0], seen["repeats"]["z"][1])
    assert seen["through"] == 3 * count
    mean, log_var = seen["points"]["z_mean"], seen["points"]["z_log_var"]
    noise = (seen["repeats"]["z"] - mean) / np.exp(0.5 * log_var)
    assert abs(noise.mean()) < 0.1
    assert noise.std() == pytest.approx(1.0, abs=0.1)


def test_asked_twice_it_says_the_same_and_by_another_seed_another(run):
    ask = {"metrics": ["bound"], "metric_options": {"samples": 3}}
    first, again, other = (
        run.evaluate(**ask, seed=seed)["metrics"]["bound"]["bound"]["value"] for seed in (0, 0, 1)
    )
    assert first == again != other


def test_the_kits_own_is_of_reconstructions(run):
    figures = run.evaluate(metrics="image-error,constant")["metrics"]
    assert list(figures) == ["image-error", "constant"]
    images = run.held_out().images
    error = np.square(vaekit.as_floats(images.pixels) - run.reconstruct(images)).mean((1, 2, 3))
    mse = figures["image-error"]["mse"]
    assert mse["value"] == pytest.approx(error.mean(), rel=1e-5)
    assert mse["error"] == pytest.approx(error.std(ddof=1) / np.sqrt(180), rel=1e-4)
    psnr = figures["image-error"]["psnr"]
    assert psnr["value"] == pytest.approx((-10 * np.log10(error)).mean(), rel=1e-5)
    assert (psnr["unit"], psnr["better"], mse["better"]) == ("dB", "higher", "lower")


REFUSALS = [
    ({"needs": ("labels",)}, {}, "needs the class of each image, and these have none. Measure on"),
    ({"needs": ("factors",)}, {}, "needs the factors that images were drawn from, and these tell"),
    ({"needs": ("against",)}, {}, "needs images of another source to hold these against. Name one"),
    ({"fewest": 21}, {}, "needs at least 21 images, and there are 20. Take more"),
    ({"supports": ("codes",)}, {}, "is for z of support codes, and the latent 'normal' gives z of"),
    ({"vector": True}, {"latent_opt": {"grid": True}, "encoder": "small-map"}, "gives a map of"),
    ({"needs": ("likelihood",)}, {"loss": "error"}, "loss 'error' declares no likelihood. Train"),
    (
        {"needs": ("density",)},
        {"latent": "deterministic", "loss": "tutorial"},
        "the latent 'deterministic' has none",
    ),
    (
        {"needs": ("samples",)},
        {"latent": "deterministic", "loss": "tutorial"},
        "needs samples",
    ),
]


@pytest.mark.parametrize(("declared", "parts", "sentence"), REFUSALS, ids=str)
def test_what_a_metric_lacks_refuses_it_before_training_and_after(
    tmp_path, monkeypatch, run, declared, parts, sentence
):
    pixels = np.random.default_rng(0).integers(0, 256, (60, 8, 8), "uint8")
    asked = {"data": pixels, "validation_split": 1 / 3, "limit": 20, "epochs": 1, **parts}
    if parts:
        run = train(tmp_path / "run", **asked)
    for name, value in declared.items():
        monkeypatch.setattr(Constant, name, value)
    computed = []
    monkeypatch.setattr(Constant, "__call__", lambda *_: computed.append(1))
    with pytest.raises(UserError, match="The metric 'constant' .*" + sentence):
        run.evaluate(pixels, limit=20, metrics="constant")
    with pytest.raises(UserError, match="The metric 'constant' .*" + sentence):
        train(tmp_path / "other", **asked, metric="constant")
    assert not computed
    assert not (tmp_path / "other").exists()


def test_names_and_options_are_looked_at_first(run, tmp_path):
    with pytest.raises(UnknownNameError, match=r"no metric 'bount'. Did you mean 'bound'"):
        run.evaluate(metrics=["bount"])
    with pytest.raises(OptionError, match="metric 'bound' has no option 'draws'; it takes samples"):
        run.evaluate(metrics="bound", metric_options={"bound": {"draws": 3}})
    with pytest.raises(OptionError, match="option of the metric 'nll', which isn't asked for"):
        run.evaluate(metrics="bound", metric_options={"nll": {"samples": 3}})
    with pytest.raises(OptionError, match=r"Of which metric is .*Write bound.samples=3"):
        run.evaluate(metrics="bound,constant", metric_options={"samples": 3})
    with pytest.raises(UserError, match="samples is 0; take at least 1"):
        run.evaluate(metrics="bound,constant", metric_options={"bound.samples": 0})
    with pytest.raises(OptionError, match="takes samples=int, not 'many'"):
        train(tmp_path / "run", metric="bound", metric_opt={"samples": "many"})
    assert not (tmp_path / "run").exists()


def test_another_source_of_another_shape_is_refused(run, monkeypatch):
    other = np.zeros((5, 9, 9), "uint8")
    with pytest.raises(DataError, match="The run works on 8x8x1 images"):
        run.evaluate(metrics="constant", against=other)
    seen = []
    monkeypatch.setattr(
        Constant, "__call__", lambda _, m: seen.append(m) or {"one": vaekit.Estimate(1.0)}
    )
    run.evaluate(metrics="constant", against=np.full((5, 8, 8), 255, "uint8"), limit=4)
    (measurement,) = seen
    assert vaekit.as_floats(measurement.against.pixels).min() == 1.0
    assert len(measurement.against.pixels) == len(measurement.images.pixels) == 4
    assert len(measurement.training().pixels) == 40
    assert measurement.classes is None or len(measurement.classes) == 10


def test_samples_are_the_runs_samplers(run, monkeypatch):
    seen = []

    def call(self, measurement):
        seen.append((measurement.model.sampled_by, measurement.model.sample(4, 7)))
        return {"one": vaekit.Estimate(1.0)}

    monkeypatch.setattr(Constant, "needs", ("samples",))
    monkeypatch.setattr(Constant, "__call__", call)
    run.evaluate(metrics="constant")
    ((name, images),) = seen
    assert name == "prior"
    np.testing.assert_array_equal(images, run.sample(4, seed=7))


@pytest.mark.parametrize(
    ("figures", "sentence"),
    [
        ({}, "must give {name: vaekit.Estimate}"),
        ({"one": 1.0}, "gave 'one': 1.0. It must give a vaekit.Estimate"),
        ({"One two": vaekit.Estimate(1.0)}, "by names in lower case"),
        ({"one": vaekit.Estimate("much")}, "of a number"),
    ],
)
def test_what_is_no_named_number_is_refused(run, monkeypatch, figures, sentence):
    monkeypatch.setattr(Constant, "figures", figures)
    with pytest.raises(PluginError, match=sentence):
        run.evaluate(metrics="constant")


def test_one_that_fails_is_named(run, monkeypatch):
    monkeypatch.setattr(Constant, "__call__", lambda *_: 1 / 0)
    with pytest.raises(BuildError, match=r"The metric 'constant' of local .* failed: ZeroDivision"):
        run.evaluate(metrics="constant")


def test_what_is_not_finite_is_none_and_noted(run, monkeypatch):
    monkeypatch.setattr(Constant, "figures", {"one": vaekit.Estimate([1.0, float("nan")])})
    figure = run.evaluate(metrics="constant")["metrics"]["constant"]["one"]
    assert figure["value"] == [1.0, None]
    assert figure["note"] == "It isn't finite."
    json.dumps(figure, allow_nan=False)


def test_in_training_every_few_epochs_and_at_its_end(tmp_path):
    asked = {"metric": "bound,image-error", "metric_opt": {"bound.samples": 3}, "epochs": 5}
    run = train(tmp_path / "run", **asked, metric_every=2)
    measured = [row["epoch"] for row in run.history if "val_bound" in row]
    assert measured == [2, 4, 5]
    last = run.history[-1]
    # Evaluation has an mse and a psnr of its own.
    assert last["val_image_error_mse"] != last["val_mse"]
    with (run.path / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["val_bound"] == "" for row in rows] == [True, False, True, False, False]
    record = json.loads((run.path / "run.json").read_text())
    assert record["metrics"]["epoch"] == 5
    assert record["metrics"]["parts"]["bound"]["options"] == {"samples": 3}
    figures = record["metrics"]["figures"]
    assert figures["bound"]["bound"]["value"] == last["val_bound"]
    ask = {"metrics": "bound,image-error", "metric_options": {"bound.samples": 3}}
    again = run.evaluate(**ask, limit=40)  # as the config limits each split
    assert again["metrics"] == figures
    assert vaekit.load(run.path).record.metrics == run.record.metrics


def test_it_moves_no_bit_of_the_training(tmp_path):
    plain = train(tmp_path / "plain")
    measured = train(tmp_path / "measured", metric="bound,image-error", metric_every=1)
    own = ("val_bound", "val_image_error_mse", "val_image_error_psnr")
    assert history(plain) == [
        {name: value for name, value in row.items() if name not in own} for row in history(measured)
    ]
    for one, other in zip(plain.model.variables, measured.model.variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_a_run_that_was_killed_goes_on_to_the_same_numbers(tmp_path):
    asked = {"metric": "bound", "metric_every": 1, "epochs": 3}
    whole = train(tmp_path / "whole", **asked)
    with pytest.raises(Killed):
        train(tmp_path / "run", **asked, callbacks=[KillAt(8)])
    resumed = vaekit.resume(tmp_path / "run", progress=False)
    assert history(resumed) == history(whole)
    assert all("val_bound" in row for row in history(resumed))
    assert resumed.record.metrics == whole.record.metrics


def test_at_the_end_alone_it_is_of_the_weights_that_are_kept(tmp_path, monkeypatch):
    """A run that stops early keeps those of its best epoch, which wasn't known then."""
    run = train(
        tmp_path / "run", metric="bound", epochs=30, patience=1, learning_rate=0.3, limit=20
    )
    assert run.record.training.stopped_early
    (row,) = [row for row in run.history if "val_bound" in row]
    assert row["epoch"] == run.record.kept_epoch == run.record.metrics.epoch
    figure = run.evaluate(run.dataset(), metrics="bound", limit=20)["metrics"]["bound"]["bound"]
    assert figure["value"] == row["val_bound"]


def test_one_that_fails_in_the_middle_ends_no_training(tmp_path, monkeypatch):
    call = Bound.__call__
    count = []

    def fails_once(self, measurement):
        count.append(1)
        return call(self, measurement) if len(count) > 1 else 1 / 0

    monkeypatch.setattr(Bound, "__call__", fails_once)
    with pytest.warns(VaekitWarning, match="Not measured after epoch 1 by 'bound': The metric"):
        run = train(tmp_path / "run", metric="bound,constant", metric_every=1)
    assert run.record.status == "complete"
    assert ["val_bound" in row for row in run.history] == [False, True]
    assert all(row["val_one"] == 1 for row in run.history)
    assert run.record.metrics.failed == {}

    monkeypatch.setattr(Bound, "__call__", lambda *_: 1 / 0)
    with pytest.warns(VaekitWarning, match="ZeroDivisionError"):
        failed = train(tmp_path / "failed", metric="bound")
    assert "ZeroDivisionError" in failed.record.metrics.failed["bound"]


def test_a_condition_is_told(tmp_path):
    run = train(tmp_path / "run", condition="labels", metric="bound,image-error")
    assert np.isfinite(run.history[-1]["val_bound"])
    images = run.held_out().images
    with pytest.raises(DataError, match="goes by the class of each image"):
        run.evaluate(vaekit.as_floats(images.pixels), metrics="bound")


def test_it_shows_how_far_it_is_and_the_time_left(run, monkeypatch, capsys):
    """Each look at the time is six seconds later: a line comes every other batch."""

    def call(self, measurement):
        done = measurement.progress("drawing", 40)
        for _ in range(4):
            done(10)
        return {"one": vaekit.Estimate(1.0)}

    monkeypatch.setattr(Constant, "__call__", call)
    seconds = iter(range(0, 10_000, 6))
    monkeypatch.setattr(counted_progress.time, "monotonic", lambda: next(seconds))
    run.evaluate(metrics="constant", progress=True)
    assert "constant: drawing: 20 of 40, 12 s left\n" in capsys.readouterr().err
    run.evaluate(metrics="constant")
    assert capsys.readouterr().err == ""
