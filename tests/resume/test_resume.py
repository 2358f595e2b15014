"""A run that was cut goes on as if it hadn't been, to the last bit."""

from __future__ import annotations

import json
import shutil

import keras
import numpy as np
import pytest

from tests.resume.runs import EPOCHS, STEPS, cut, result, resume, train
from vaekit.checkpoint import latest_checkpoint, list_checkpoints, read_checkpoint
from vaekit.errors import RunError, UserError
from vaekit.run import verify_run

pytestmark = pytest.mark.backend


def test_step_log_has_each_loss_to_the_last_bit(whole):
    head, *lines = (whole.path / "steps.csv").read_text().splitlines()
    assert head == "step,loss,loss_hex"
    rows = [line.split(",") for line in lines]
    assert [int(step) for step, _, _ in rows] == list(range(1, STEPS * EPOCHS + 1))
    assert all(float.fromhex(text) == float(loss) for _, loss, text in rows)
    means = np.reshape([float(loss) for _, loss, _ in rows], (EPOCHS, STEPS)).mean(axis=1)
    np.testing.assert_allclose(means, [row["loss"] for row in whole.history], rtol=1e-12)


@pytest.mark.parametrize("every", ["1step", "3steps"])
def test_cut_in_an_epoch_and_resumed_is_uncut(whole, tmp_path, every):
    out = tmp_path / "run"
    cut(out, 8, checkpoint_every=every)
    assert result(resume(out)) == result(whole)
    assert verify_run(out) == []


def test_cut_before_the_first_checkpoint_begins_anew(whole, tmp_path):
    """A real kill leaves the record and no checkpoint."""
    out = shutil.copytree(whole.path, tmp_path / "run")
    record = json.loads((out / "run.json").read_text())
    record["training"]["steps_done"] = 0
    for path in out.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    (out / "run.json").write_text(json.dumps(record | {"status": "running"}))
    assert result(resume(out)) == result(whole)


def test_train_with_resume_begins_and_goes_on(whole, tmp_path):
    out = tmp_path / "run"
    short = train(out, resume=True, epochs=1)
    assert short.record.training.epochs_done == 1
    assert result(train(out, resume=True)) == result(whole)
    with pytest.raises(RunError, match="has done all of its 3 epochs"):
        train(out, resume=True)


def test_minutes_between_checkpoints(tmp_path, monkeypatch):
    """Whatever the clock on the wall says."""
    now = [0.0]
    monkeypatch.setattr("vaekit.trainer.keeper.time.monotonic", lambda: now[0])
    monkeypatch.setattr("time.time", lambda: 10.0)

    class Slow(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            now[0] += 25

    out = tmp_path / "run"
    cut(out, 9, checkpoint_every="1min", callbacks=[Slow()])
    # The first epoch's end is the best so far; after it, three steps are more than a minute.
    assert [p.name for p in list_checkpoints(out / "checkpoints")] == [
        "step-000000005",
        "step-000000008",
    ]


def test_the_best_checkpoint_is_kept(tmp_path):
    rates = [1e-3, 1e-3, -1e-3, -1e-3, -1e-3]  # it climbs the loss after the second epoch
    schedule = keras.callbacks.LearningRateScheduler(lambda epoch: rates[epoch])
    run = train(tmp_path / "run", epochs=5, callbacks=[schedule])
    elbos = [row["val_elbo"] for row in run.history]
    best = 1 + elbos.index(max(elbos))
    assert best < 4, elbos
    assert run.record.training.best["epoch"] == best
    folder = run.path / "checkpoints"
    assert (folder / "best").read_text().startswith(f"step-{best * STEPS:09d} ")
    assert len(list_checkpoints(folder)) == 3
    state = read_checkpoint(latest_checkpoint(folder))
    assert state.best == {"epoch": best, "steps": best * STEPS, "val_elbo": max(elbos)}


# callbacks


def test_callbacks_go_on_with_what_they_remember(tmp_path):
    def callbacks():
        return [
            keras.callbacks.EarlyStopping("val_loss", patience=2, restore_best_weights=True),
            keras.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=1e9),
            # Called again for an epoch that was cut, it would halve the rate once more.
            keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2),
        ]

    uncut = train(tmp_path / "uncut", epochs=4, callbacks=callbacks())
    out = tmp_path / "cut"
    cut(out, 13, epochs=4, callbacks=callbacks(), checkpoint_every="1step")
    resumed = resume(out, callbacks=callbacks())
    assert result(resumed) == result(uncut)
    state = read_checkpoint(latest_checkpoint(out / "checkpoints"))
    assert [values["class"] for values in state.callbacks] == [
        "EarlyStopping",
        "ReduceLROnPlateau",
        "LearningRateScheduler",
    ]
    assert len(state.callback_arrays) > 4  # the best weights


def test_what_cannot_be_saved_of_a_callback_is_named(tmp_path, capsys):
    class Own(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.lock, self.kept = object(), {"a": [1, (np.float32(2), np.ones(3))]}

    train(tmp_path / "run", epochs=1, callbacks=[Own()], progress=True)
    assert "Not in the checkpoints: Own.lock." in capsys.readouterr().out
    state = read_checkpoint(latest_checkpoint(tmp_path / "run" / "checkpoints"))
    assert list(state.callbacks[0]["attributes"]) == ["kept"]


def test_a_run_that_could_not_go_on_is_free_again(copy, monkeypatch):
    def refuse(*_):
        raise UserError("no memory")

    with monkeypatch.context() as patch:
        patch.setattr("vaekit.trainer.session.refuse_hopeless", refuse)
        with pytest.raises(UserError, match="no memory"):
            resume(copy, epochs=4)
    assert len(resume(copy, epochs=4).history) == 4
