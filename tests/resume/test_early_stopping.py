"""Training ends when no epoch is better for a while, and what is kept is the best epoch's."""

from __future__ import annotations

import json
import math
import shutil

import numpy as np
import pytest
from click.testing import CliRunner

import vaekit
from tests.resume.runs import SMALL, STEPS, cut, result, resume, train
from vaekit.checkpoint import read_checkpoint
from vaekit.cli import main
from vaekit.config import TrainConfig
from vaekit.engine import Evaluation
from vaekit.errors import OptionError, RunError
from vaekit.trainer.early_stopping import EarlyStopping, Monitor, monitor_of

# Of held-out images after each epoch; the second is the best.
ELBOS = [-5.0, -3.0, -4.0, -4.0, -4.0, -4.0, -4.0]


class Scripted(Evaluation):
    """An evaluation whose ELBO is as it is written above."""

    elbos = ELBOS

    def __init__(self, program, images):
        super().__init__(program, images)
        self.steps = program.optimizer.iterations

    def __call__(self):
        return super().__call__() | {"elbo": self.elbos[int(self.steps.numpy()) // STEPS - 1]}


@pytest.fixture(autouse=True)
def scripted(monkeypatch):
    monkeypatch.setattr("vaekit.trainer.session.Evaluation", Scripted)


@pytest.fixture(scope="module")
def patient(tmp_path_factory):
    """A run that waits for four epochs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vaekit.trainer.session.Evaluation", Scripted)
        return train(tmp_path_factory.mktemp("patient") / "run", epochs="auto", patience=4)


def test_it_stops_after_so_many_epochs_and_says_so(patient):
    training = patient.record.training
    assert (training.epochs_done, training.stopped_early) == (6, True)
    assert training.best == {"epoch": 2, "steps": 2 * STEPS, "val_elbo": -3.0}
    assert [row["epoch"] for row in patient.history] == [1, 2, 3, 4, 5, 6]
    record = json.loads((patient.path / "run.json").read_text())
    assert record["config"]["epochs"] == "auto"
    assert record["config"]["patience"] == 4
    assert record["status"] == "complete"


def test_the_best_epochs_weights_are_what_is_saved_loaded_and_evaluated(patient):
    best = read_checkpoint(patient.path / "checkpoints" / f"step-{2 * STEPS:09d}")
    for run in (patient, vaekit.load(patient.path)):
        for variable, (_, value) in zip(run.model.variables, best.arrays, strict=False):
            np.testing.assert_array_equal(variable.numpy(), value)
        summary = run.evaluate(limit=SMALL["limit"])
        assert summary["mse"] == pytest.approx(patient.history[1]["val_mse"], rel=1e-6)
    saved = vaekit.load_model(patient.path / "VAE_decoder.keras")
    z = np.zeros((1, 2), "float32")
    np.testing.assert_array_equal(saved.predict(z, verbose=0), patient.decode(z))


def test_cut_and_resumed_stops_where_it_would_have_and_waits_if_asked(patient, tmp_path, capsys):
    out = tmp_path / "run"
    cut(out, 3 * STEPS + 1, epochs="auto", patience=2, checkpoint_every="1step")
    stopped = vaekit.resume(out)
    assert stopped.record.training.epochs_done == 4
    assert stopped.record.training.stopped_early
    said = capsys.readouterr().out
    assert "no epoch has a better val_elbo for 2 epochs" in said
    assert "after 200 epochs at most" in said
    assert "\nepoch 4 (at most 200)  loss " in said
    assert said.endswith(
        "Stopped early after epoch 4; best epoch 2, by val_elbo: its weights are kept.\n"
    )

    message = r"stopped early after epoch 4: none was better than epoch 2 for 2 epochs\. .*patience"
    with pytest.raises(RunError, match=message):
        resume(out)
    with pytest.raises(RunError, match=r"\n  patience: was 2, is 1"):
        resume(out, patience=1)
    again = resume(out, patience=4)
    assert result(again) == result(patient)
    assert again.record.training.best == patient.record.training.best


def test_from_an_earlier_checkpoint_the_best_is_of_those_that_stay(patient, tmp_path, monkeypatch):
    """The second epoch was the best until then, and none after is better."""
    copy = shutil.copytree(patient.path, tmp_path / "copy")
    monkeypatch.setattr(Scripted, "elbos", [-9.0] * 7)
    line = ["resume", str(copy), "--patience", "5", "--from", f"step-{2 * STEPS:09d}"]
    done = CliRunner().invoke(main, line)
    assert done.exit_code == 0, done.output
    assert done.stdout.endswith(
        f"Saved in {copy}: models of epoch 2, history.csv, run.json and figures/.\n"
    )
    run = vaekit.load(copy)
    assert run.record.training.epochs_done == 7
    assert run.record.kept_epoch == 2
    best = read_checkpoint(copy / "checkpoints" / f"step-{2 * STEPS:09d}")
    np.testing.assert_array_equal(run.model.variables[0].numpy(), best.arrays[0][1])


def test_a_number_that_is_none_is_never_the_best():
    stopping = EarlyStopping(Monitor("val_loss", larger_is_better=False), 2, since=1)
    assert not stopping.improved({"epoch": 2, "val_loss": math.nan}, 10)
    assert not stopping.exhausted(2)
    assert stopping.improved({"epoch": 3, "val_loss": 5.0}, 15)
    assert not stopping.improved({"epoch": 4, "val_loss": 5.0}, 20)
    assert stopping.best == {"epoch": 3, "steps": 15, "val_loss": 5.0}
    assert not stopping.exhausted(4)
    assert stopping.exhausted(5)


def test_where_there_is_no_elbo_it_is_the_loss_that_decides():
    columns = ("loss", "reconstruction", "kl")
    assert monitor_of(columns) == Monitor("val_loss", larger_is_better=False)
    assert monitor_of((*columns, "elbo")) == Monitor("val_elbo", larger_is_better=True)


def test_auto_has_a_patience_and_a_limit():
    config = TrainConfig.checked({"epochs": "auto"})
    assert (config.epochs, config.patience, config.most_epochs) == ("auto", 10, 200)
    assert TrainConfig.checked({"epochs": "auto", "patience": 3}).patience == 3
    assert TrainConfig.checked({"epochs": "7"}).epochs == 7
    assert TrainConfig().patience is None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"epochs": "often"}, "epochs can't be 'often': give a number of epochs, or auto."),
        ({"epochs": 0}, "epochs can't be 0: input should be greater than or equal to 1."),
        ({"epochs": "auto", "recipe": "fast"}, "epochs can't be 'auto': recipe fast has a rate"),
        ({"patience": 0}, "patience can't be 0: input should be greater than or equal to 1."),
    ],
)
def test_what_is_neither_a_number_nor_auto_is_refused(values, message):
    with pytest.raises(OptionError) as caught:
        TrainConfig.checked(values)
    assert str(caught.value).startswith(message)
