"""A run that was cut goes on as if it hadn't been, to the last bit; or says why it can't."""

from __future__ import annotations

import json
import re
import shutil
import signal

import keras
import numpy as np
import pytest
from click.testing import CliRunner

import vaekit
from vaekit.checkpoint import latest_checkpoint, list_checkpoints, read_checkpoint
from vaekit.cli import main
from vaekit.errors import DamagedError, OptionError, RunError
from vaekit.run import verify_run

pytestmark = pytest.mark.backend

SMALL = {
    "data": "digits",
    "limit": 40,
    "batch_size": 8,
    "encoder_opt": {"width": 4},
    "decoder_opt": {"width": 4},
    "progress": False,
    "step_log": True,
}
STEPS, EPOCHS = 5, 3
ON_THE_LINE = [
    *("train", "--data", "digits", "--limit", "40", "--batch-size", "8", "--step-log"),
    *("--encoder-opt", "width=4", "--decoder-opt", "width=4", "--out", "run"),
]


class Killed(Exception):
    """Stands for a process that is killed: nothing is saved on the way out."""


class KillAt(keras.callbacks.Callback):
    """Kills training after so many steps."""

    def __init__(self, step):
        super().__init__()
        self.left = step

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if self.left < 0:
            raise Killed


def train(out, **more):
    return vaekit.train(**{**SMALL, "out": str(out), "epochs": EPOCHS, **more})


def cut(out, steps, **more):
    callbacks = [*more.pop("callbacks", ()), KillAt(steps)]
    with pytest.raises(Killed):
        train(out, callbacks=callbacks, **more)


def resume(out, **more):
    return vaekit.resume(out, progress=False, **more)


def result(run):
    """Each step's loss, the history but for times, and all that a checkpoint holds."""
    history = [
        {k: v for k, v in row.items() if k not in ("seconds", "images_per_s")}
        for row in run.history
    ]
    state = read_checkpoint(latest_checkpoint(run.path / "checkpoints"))
    arrays = [a.tobytes() for _, a in state.arrays]
    return (run.path / "steps.csv").read_text(), history, arrays, state.position


@pytest.fixture(scope="module", autouse=True)
def without_pictures():
    """They take longer than the training here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vaekit.figures.draw_figures", lambda run, images: None)
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return train(tmp_path_factory.mktemp("whole") / "run")


@pytest.fixture
def copy(whole, tmp_path):
    return shutil.copytree(whole.path, tmp_path / "copy")


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
    assert short.record["training"]["epochs_done"] == 1
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
    rates = [1e-3, 1e-3, 0.5, 0.5, 0.5]  # it gets worse after the second epoch
    schedule = keras.callbacks.LearningRateScheduler(lambda epoch: rates[epoch])
    run = train(tmp_path / "run", epochs=5, callbacks=[schedule])
    losses = [row["val_loss"] for row in run.history]
    best = 1 + losses.index(min(losses))
    assert best < 4, losses
    assert run.record["training"]["best"]["epoch"] == best
    folder = run.path / "checkpoints"
    assert (folder / "best").read_text().startswith(f"step-{best * STEPS:09d} ")
    assert len(list_checkpoints(folder)) == 3
    state = read_checkpoint(latest_checkpoint(folder))
    assert state.best == {"epoch": best, "steps": best * STEPS, "val_loss": min(losses)}


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


# what has changed


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"learning_rate": 1e-3}, "learning_rate: was 0.0005, is 0.001"),
        ({"decoder_opt": {"width": 8}}, "decoder_opt: was "),
        ({"loss": "elbo"}, "loss: was tutorial of vaekit, is elbo of vaekit"),
        ({"limit": 32}, "limit: was 40, is 32"),
        ({"data": "digits", "epochs": 2}, "epochs: was 3, is 2"),
    ],
)
def test_another_option_is_refused_and_nothing_is_touched(copy, change, name):
    before = {p: p.read_bytes() for p in copy.rglob("*") if p.is_file()}
    with pytest.raises(RunError) as caught:
        train(copy, resume=True, **change)
    assert f"\n  {name}" in str(caught.value)
    flag = name.partition(":")[0]
    assert f"--allow-change {flag}" in str(caught.value)
    assert before == {p: p.read_bytes() for p in copy.rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    ("path", "value", "name"),
    [
        (("versions", "keras"), "3.0", "keras: was 3.0, is "),
        (("versions", "vaekit"), "0.0.1", "vaekit: was 0.0.1, is "),
        (("machine", "cores"), 999, "machine: was "),
        (("data", "fingerprint"), "0" * 32, "data: was 0000"),
    ],
)
def test_another_version_machine_or_image_is_refused(copy, path, value, name):
    (copy / "manifest.json").unlink()
    record = json.loads((copy / "run.json").read_text())
    record[path[0]][path[1]] = value
    (copy / "run.json").write_text(json.dumps(record))
    with pytest.raises(RunError) as caught:
        resume(copy, epochs=4)
    assert f"\n  {name}" in str(caught.value)


def test_a_change_may_be_taken_and_is_recorded(copy):
    run = train(copy, resume=True, epochs=4, learning_rate=1e-3, allow_change=["learning-rate"])
    (change,) = run.record["changes"]
    assert change.pop("when")[:2] == "20"
    expected = {"steps_done": STEPS * EPOCHS, "name": "learning_rate", "was": 5e-4, "now": 1e-3}
    assert change == expected
    assert run.config.learning_rate == 1e-3
    assert float(keras.ops.convert_to_numpy(run.history[-1]["epoch"])) == 4


def test_a_change_of_no_known_name_is_refused(copy):
    with pytest.raises(OptionError, match="Did you mean 'learning_rate'"):
        resume(copy, epochs=4, allow_change=["learning_rat"])


# damage


def test_a_damaged_checkpoint_is_named_and_the_one_before_is_good(whole, copy):
    newest = latest_checkpoint(copy / "checkpoints") / "state.npz"
    content = bytearray(newest.read_bytes())
    content[5000] ^= 4
    newest.write_bytes(content)
    assert [damage.path for damage in verify_run(copy)] == [newest]
    with pytest.raises(DamagedError, match=r"--from step-000000010 ") as caught:
        resume(copy, epochs=4)
    assert str(newest) in str(caught.value)
    run = resume(copy, checkpoint="step-000000010")
    assert result(run) == result(whole)
    assert verify_run(copy) == []


def test_a_checkpoint_of_no_such_name_is_refused(copy):
    with pytest.raises(vaekit.UserError, match=r"no checkpoint 'step-1'. There are: step-0+5, "):
        resume(copy, checkpoint="step-1")


def test_what_a_killed_process_left_is_swept(copy, whole):
    for folder in (copy, copy / "checkpoints", copy / "figures"):
        (folder / ".writing-999999999-x").mkdir()
        (folder / ".writing-999999999-y.json").write_text("half")
        (folder / ".writing-1-alive").write_text("another process is at it")
    (copy / "notes.txt").write_text("mine")
    resume(copy, epochs=4)
    left = [p.name for p in copy.rglob(".writing-*")]
    assert left == [".writing-1-alive"] * 3
    assert (copy / "notes.txt").read_text() == "mine"
    assert verify_run(copy) == []


def test_two_at_once_on_one_run_are_refused(copy):
    inside = []

    class Second(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            for call in (
                lambda: resume(copy, epochs=5),
                lambda: train(copy, resume=True, epochs=5),
            ):
                with pytest.raises(RunError, match="Another process is writing into"):
                    call()
                inside.append(1)

    resume(copy, epochs=4, callbacks=[Second()])
    assert inside == [1, 1]
    resume(copy, epochs=5)  # and afterwards it is free again


# divergence


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


# signals


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_within_a_step_saves_and_has_its_own_code(
    whole, tmp_path, monkeypatch, number, code
):
    steps = []

    def took(self, count, seconds):
        steps.append(count)
        if sum(steps) >= 8:
            signal.raise_signal(number)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("vaekit.trainer.pace.Pace.took", took)
    done = CliRunner().invoke(main, [*ON_THE_LINE, "--epochs", "3"])
    assert done.exit_code == code, done.output
    assert "Go on with: vaekit resume run" in done.output
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (record["status"], record["stopped_by"]) == ("interrupted", number.name)
    assert record["training"]["steps_done"] == sum(steps)
    monkeypatch.undo()
    assert result(resume(tmp_path / "run")) == result(whole)


def test_a_second_signal_ends_at_once_with_its_own_code(tmp_path, monkeypatch):
    def took(self, count, seconds):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        pytest.fail("it went on")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("vaekit.trainer.pace.Pace.took", took)
    done = CliRunner().invoke(main, ON_THE_LINE)
    assert done.exit_code == 143
    assert "stopped at once" in done.output
    assert not (tmp_path / "run").exists()  # nothing had been saved yet


# the command line


def test_the_line_takes_what_it_says(whole, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for cadence in ("7", "0steps", "soon"):
        done = CliRunner().invoke(main, [*ON_THE_LINE, "--checkpoint-every", cadence])
        assert done.exit_code == 2
        assert f"checkpoint_every can't be '{cadence}': say how often as" in done.output
    for alone, says in (("--resume", "--out DIR"), ("--allow-change=seed", "add --resume")):
        done = CliRunner().invoke(main, ["train", "--data", "digits", alone])
        assert (done.exit_code, says in done.output) == (2, True)
    assert CliRunner().invoke(main, [*ON_THE_LINE, "--resume", "--epochs", "1"]).exit_code == 0
    done = CliRunner().invoke(main, ["debug-step", "run"])
    assert (done.exit_code, done.output) == (
        2,
        "vaekit: run has no step to debug: it didn't diverge.\n",
    )
    done = CliRunner().invoke(main, [*ON_THE_LINE, "--resume", "--seed", "1", "--epochs", "2"])
    assert done.exit_code == 2
    assert "  seed: was 0, is 1\n" in done.output
    for more in (["--from", "step-000000005", "--epochs", "2"], ["--epochs", "3"]):
        done = CliRunner().invoke(main, ["resume", "run", *more])
        assert done.exit_code == 0, done.output
    assert result(vaekit.load("run")) == result(whole)


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
