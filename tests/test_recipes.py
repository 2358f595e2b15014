"""What a recipe chooses, and how its rate goes."""

from __future__ import annotations

import math

import keras
import numpy as np
import pytest
from click.testing import CliRunner
from keras import ops

import vaekit
from tests.resume.runs import SMALL, cut, result, resume, train
from vaekit.cli import main
from vaekit.config import TrainConfig
from vaekit.errors import OptionError, RunError
from vaekit.optimizer import Muon, OneCycle
from vaekit.recipes import RECIPES

FAST = RECIPES["fast"]

pytestmark = pytest.mark.backend


class Rates(keras.callbacks.Callback):
    """The rate that each step is taken at."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_train_batch_begin(self, batch, logs=None):
        self.seen.append(float(ops.convert_to_numpy(self.model.optimizer.learning_rate)))


def rates_of(tmp_path, **options):
    rates = Rates()
    train(tmp_path / "run", callbacks=[rates], **options)
    return np.array(rates.seen)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_chooses_what_is_not_given(name):
    recipe = RECIPES[name]
    config = TrainConfig.checked({"recipe": name})
    assert (config.epochs, config.batch_size) == (recipe.epochs, recipe.batch_size)
    assert config.learning_rate == recipe.learning_rate
    given = TrainConfig.checked({"recipe": name, "epochs": 3, "learning_rate": 0.5})
    assert (given.epochs, given.batch_size) == (3, recipe.batch_size)
    assert given.learning_rate == 0.5


def test_an_unknown_recipe_is_refused():
    with pytest.raises(OptionError, match="recipe can't be 'slow': input should be 'tutorial' or"):
        TrainConfig.checked({"recipe": "slow"})


def test_help_says_what_each_changes():
    text = " ".join(CliRunner().invoke(main, ["train", "--help"]).output.split())
    for name, recipe in RECIPES.items():
        assert f"{name}: {recipe.summary}" in text


def test_the_tutorials_rate_stays(tmp_path):
    np.testing.assert_allclose(rates_of(tmp_path, epochs=2), 5e-4, rtol=1e-6)


def test_the_fast_rate_rises_and_falls_in_straight_lines(tmp_path):
    epochs, peak = 8, 1e-3
    steps = epochs * SMALL["limit"] // SMALL["batch_size"]
    rates = rates_of(tmp_path, recipe="fast", epochs=epochs, learning_rate=peak)
    rising = round(FAST.warmup * steps)
    up = np.linspace(peak / 25, peak, rising, endpoint=False)
    down = np.linspace(peak, 0, steps - rising, endpoint=False)
    np.testing.assert_allclose(rates, [*up, *down], rtol=1e-4, atol=1e-9)


def test_fast_moves_convolutions_along_orthogonal_matrices():
    """All singular values of a step are about rate x 0.2 x root of the matrix's longer side."""
    rate, random = 0.1, np.random.default_rng(0)
    kernel, bias = (
        keras.Variable(np.zeros(shape), dtype="float32") for shape in ((3, 3, 8, 6), (6,))
    )
    moves = [ops.convert_to_tensor(random.normal(size=v.shape), "float32") for v in (kernel, bias)]
    Muon(rate, latent_dim=2).apply(moves, [kernel, bias])
    steps = np.linalg.svd(ops.convert_to_numpy(kernel).reshape(72, 6), compute_uv=False)
    assert np.all(abs(steps / (rate * 0.2 * math.sqrt(72)) - 1) < 0.4)
    np.testing.assert_allclose(abs(ops.convert_to_numpy(bias)), rate, rtol=1e-4)


@pytest.mark.parametrize(
    ("shape", "by_muon"),
    [
        ((3, 3, 32, 64), True),
        ((64, 48), True),
        ((3, 3, 1, 32), False),  # grey images
        ((3, 3, 64, 1), False),
        ((3136, 4), False),  # latents
        ((4, 3136), False),
        ((64,), False),
    ],
)
def test_muon_is_for_kernels_of_hidden_layers(shape, by_muon):
    variable = keras.Variable(np.zeros(shape), dtype="float32")
    optimizer = Muon(0.1, latent_dim=4)
    optimizer.build([variable])
    # Adam's second moment, which Muon doesn't have.
    assert ("velocity" not in optimizer.variables[-1].path) is by_muon


def test_a_single_step_is_enough(tmp_path):
    run = train(tmp_path / "run", recipe="fast", epochs=1, limit=8)
    assert np.isfinite(run.history[0]["val_loss"])


@pytest.mark.slow
def test_any_loss_profits(tmp_path):
    """With as many steps and the same data, it ends lower than the tutorial's rate does."""
    more = {"limit": 200, "epochs": 4, "loss": "elbo", "batch_size": 8}
    slow = train(tmp_path / "slow", **more)
    fast = train(tmp_path / "fast", recipe="fast", **more)
    assert fast.history[-1]["loss"] < slow.history[-1]["loss"]


def test_cut_and_resumed_is_uncut(tmp_path):
    whole = train(tmp_path / "whole", recipe="fast")
    cut(tmp_path / "run", 8, recipe="fast", checkpoint_every="3steps")
    assert result(resume(tmp_path / "run")) == result(whole)


def test_more_epochs_would_be_another_curve(tmp_path):
    run = train(tmp_path / "run", recipe="fast", epochs=2)
    with pytest.raises(RunError, match="epochs: was 2, is 3"):
        resume(run.path, epochs=3)
    resume(run.path, epochs=3, allow_change=["epochs"])
    assert len(vaekit.load(run.path).history) == 3


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
@pytest.mark.parametrize("recipe", RECIPES)
def test_a_run_by_any_recipe_can_be_evaluated(tmp_path, recipe, precision):
    path = train(tmp_path / "run", recipe=recipe, epochs=1, precision=precision).path
    run = vaekit.load(path)
    validated = run.evaluate(limit=run.record.data.validation_images)
    np.testing.assert_allclose(validated["loss"], run.history[-1]["val_loss"], rtol=1e-5)


def test_the_rate_is_never_below_0():
    curve = OneCycle(0.1, rising=2, steps=10)
    rates = [float(ops.convert_to_numpy(curve(step))) for step in (0, 2, 10, 11, 1000)]
    np.testing.assert_allclose(rates, [0.004, 0.1, 0, 0, 0], atol=1e-7)


def test_a_batch_size_under_which_the_curve_would_be_over_is_refused(tmp_path):
    more = {"recipe": "fast", "epochs": 4, "checkpoint_every": "1epochs"}
    cut(tmp_path / "run", 12, **more)
    before = {p: p.read_bytes() for p in (tmp_path / "run").rglob("*") if p.is_file()}
    with pytest.raises(RunError, match=r"is 0 after 8 steps, .* 10 are done, and 4 are to come"):
        train(
            tmp_path / "run", resume=True, allow_change=["batch_size"], **more | {"batch_size": 20}
        )
    assert before == {p: p.read_bytes() for p in (tmp_path / "run").rglob("*") if p.is_file()}
