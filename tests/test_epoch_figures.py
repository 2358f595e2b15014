"""What an epoch tells of a latent of codes: usage and perplexity, and no KL of single values."""

from __future__ import annotations

import csv

import keras
import numpy as np
import pytest

import vaekit
from tests.codes import CODES, registered
from tests.resume.runs import SMALL
from vaekit.distributions import Bernoulli
from vaekit.loss import Loss, needs_of
from vaekit.trainer.legend import legend
from vaekit.trainer.progress import Lines

pytestmark = pytest.mark.pictures


class Logs(keras.callbacks.Callback):
    """Keeps what each epoch's end brings."""

    def __init__(self):
        super().__init__()
        self.kept = []

    def on_epoch_end(self, epoch, logs=None):
        self.kept.append(logs)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Two epochs with codes and a condition, what was printed, and what a callback was told."""
    with pytest.MonkeyPatch.context() as patch, registered():
        lines, logs = [], Logs()
        patch.setattr(Lines, "note", lambda self, text: lines.append(text))
        run = vaekit.train(
            **{**SMALL, "progress": True, "loss": "elbo", "latent": "codes"},
            condition="labels",
            latent_dim=3,
            epochs=2,
            patience=2,
            callbacks=[logs],
            out=str(tmp_path_factory.mktemp("codes") / "run"),
        )
        yield run, lines, logs.kept


def test_usage_is_in_the_history_and_in_what_callbacks_are_told(trained):
    run, _, logs = trained
    with (run.path / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row, told in zip(rows, logs, strict=True):
        for name in ("perplexity", "val_perplexity"):
            assert 1 <= float(row[name]) <= CODES + 1e-6
            assert told[name] == float(row[name])
        assert 1 <= int(row["codes_used"]) <= CODES
        assert float(row["perplexity"]) <= int(row["codes_used"]) + 1e-6
        assert 1 <= int(row["val_codes_used"]) <= CODES
    assert not any("kl_dim" in name or "elbo" in name for name in rows[0])
    assert "active_units" not in rows[0]


def test_usage_is_that_of_all_images_of_the_epoch(trained):
    run, *_ = trained
    held_out = run.held_out(limit=run.record.data.validation_images).images
    z = run.latents(held_out)
    used = np.unique(run.model.latent.coordinates(z).argmax(axis=1))
    assert run.evaluate(limit=len(z))["codes_used"] == len(used)
    assert run.history[-1]["val_codes_used"] == len(used)


def test_lines_show_usage_and_training_goes_by_the_loss(trained):
    run, lines, _ = trained
    text = "\n".join(lines)
    row = run.history[-1]
    shown = f"perplexity {row['perplexity']:.2f} (val {row['val_perplexity']:.2f})"
    assert shown in text
    assert f"codes_used {row['codes_used']} (val {row['val_codes_used']})" in text
    assert "There is no elbo, since z has no density" in " ".join(text.split())
    assert "no epoch has a better val_loss for 2 epochs" in text
    assert "val_loss" in run.record.training.best


def test_pictures_that_it_has_are_drawn_and_the_others_are_said(trained):
    run, lines, _ = trained
    names = {path.name for path in (run.path / "figures").iterdir()} - {"frames.zip"}
    assert names == {"latent.png", "loss.png", "reconstructions.png", "training.gif"}
    left_out = {line.split(" is left out: ")[0]: line for line in lines if " is left out: " in line}
    assert set(left_out) == {"samples.png", "traversal.png"}
    assert all("'codes'" in line for line in left_out.values())


def test_a_bound_of_what_is_told_of_an_image_is_said_to_be_one():
    class Lawful(Loss):
        scale, likelihood = "logits", Bernoulli()

        def __call__(self, x, output):
            return {}

    lines = legend("", needs_of(Lawful(), "lawful"), ["t"], (8, 8, 1), conditional=True)
    assert "a bound on log p(x|label) for" in " ".join(" ".join(lines).split())
