"""A run that diverges: nothing that isn't finite is saved, and the step can be done again."""

from __future__ import annotations

import json
import re

import keras
import numpy as np
import pytest
from click.testing import CliRunner

import vaekit
from tests.codes import registered
from tests.resume.runs import ON_THE_LINE, STEPS, resume, train
from vaekit.checkpoint import latest_checkpoint, list_checkpoints, read_checkpoint
from vaekit.cli import main
from vaekit.errors import RunError
from vaekit.run import verify_run

pytestmark = pytest.mark.backend


class Poison(keras.callbacks.Callback):
    """Makes the second epoch's first step so large that the next one has no finite loss."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            rate = self.model.optimizer.learning_rate
            rate.assign(1e30)


def test_a_step_that_diverged_can_be_done_again(tmp_path):
    out = tmp_path / "run"
    with pytest.raises(vaekit.VaekitError, match=f"vaekit debug-step {out}"):
        train(out, callbacks=[Poison()])
    told = json.loads((out / "diverged" / "step.json").read_text())
    replay = vaekit.api.debug_step(out)
    assert (replay.epoch, replay.step) == (2, told["step"])
    assert replay.images == told["images"]
    assert len(set(replay.images)) == 8
    assert not np.isfinite(replay.terms["loss"])
    assert replay.first_bad.startswith("term ")
    assert len(replay.gradients) > 10
    # The checkpoint before it is what it was, and finite.
    state = read_checkpoint(latest_checkpoint(out / "checkpoints"))
    assert state.position.steps == STEPS
    assert all(np.isfinite(array).all() for _, array in state.arrays)
    assert verify_run(out) == []
    # Without the callback all is well, and nothing is left to debug.
    resume(out)
    with pytest.raises(RunError, match="no step to debug"):
        vaekit.api.debug_step(out)


def test_weights_that_are_not_finite_are_never_saved(tmp_path):
    """The epoch's last step may break them, and no loss has shown it yet."""

    class Break(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                weight = self.model.trainable_weights[0]
                weight.assign(weight * np.float32("nan"))

    out = tmp_path / "run"
    with pytest.raises(vaekit.VaekitError, match=r"after the update '.*' is not finite at step 5 "):
        train(out, callbacks=[Break()])
    (kept,) = list_checkpoints(out / "checkpoints")
    assert all(np.isfinite(array).all() for _, array in read_checkpoint(kept).arrays)
    # It wasn't the step, and the replay says so.
    replay = vaekit.api.debug_step(out)
    assert (replay.epoch, replay.step, replay.first_bad) == (2, 5, None)
    assert all(np.isfinite(value) for value in replay.gradients.values())


def test_the_line_shows_the_step_that_diverged(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, [*ON_THE_LINE, "--learning-rate", "1e30"])
    assert done.exit_code == 2
    assert done.output.endswith("vaekit debug-step run replays that step.\n")
    done = CliRunner().invoke(main, ["debug-step", "run"])
    assert done.exit_code == 0, done.output
    assert re.match(r"Step \d of epoch 1\nimages: (\d+, ){7}\d+\nterms, ", done.output)
    assert re.search(r"\n  loss +(nan|inf)\n", done.output)
    assert "first not finite: term " in done.output


def test_a_step_of_a_latent_with_variables_of_its_own_and_classes_is_done_again(tmp_path):
    out = tmp_path / "run"
    with registered():
        with pytest.raises(vaekit.VaekitError, match="debug-step"):
            train(out, callbacks=[Poison()], latent="codes", condition="labels", loss="elbo")
        replay = vaekit.api.debug_step(out)
    assert replay.first_bad is not None
    assert any("codebook" in path for path in replay.gradients)
    assert replay.terms.keys() == {"loss", "reconstruction", "kl"}
