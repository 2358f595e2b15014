"""Training through the Python door, on whichever backend Keras runs on."""

from __future__ import annotations

import json
import signal

import keras
import numpy as np
import pytest

import vaekit
from tests.resume import runs
from tests.small_nets import SMALL_NETS
from vaekit.checkpoint import latest_checkpoint, list_checkpoints
from vaekit.errors import DivergedError, RunError

pytestmark = pytest.mark.backend

SMALL = {**runs.SMALL, "batch_size": 16, "step_log": False}


def weights(run):
    return [np.asarray(w) for w in run.vae.get_weights()]


def equal(first, second):
    return all(np.array_equal(a, b) for a, b in zip(weights(first), weights(second), strict=True))


def losses(run):
    return [(row["loss"], row["val_loss"]) for row in run.history]


def test_history_has_each_term_for_training_and_validation(run):
    assert [row["epoch"] for row in run.history] == [1, 2]
    for row in run.history:
        for prefix in ("", "val_"):
            terms = [row[f"{prefix}{name}"] for name in ("reconstruction", "kl")]
            assert row[f"{prefix}loss"] == pytest.approx(sum(terms), rel=1e-5)
            dims = [row[f"{prefix}kl_dim_{i}"] for i in range(2)]
            assert row[f"{prefix}kl"] == pytest.approx(sum(dims), rel=1e-5)
            assert row[f"{prefix}active_units"] in (0, 1, 2)
            assert f"{prefix}elbo" in row
        assert row["images_per_s"] > 0


@pytest.mark.quick
def test_elbo_is_no_reweighted_loss(tmp_path):
    run = vaekit.train(
        loss="beta", loss_opt={"beta": 10.0}, epochs=1, out=str(tmp_path / "r"), **SMALL
    )
    row = run.history[-1]
    assert row["val_elbo"] == pytest.approx(-row["val_reconstruction"] - row["val_kl"], rel=1e-5)
    assert row["val_weighted_kl"] == pytest.approx(10 * row["val_kl"], rel=1e-5)


def test_record_says_what_was_done(run):
    record = json.loads((run.path / "run.json").read_text())
    assert record["status"] == "complete"
    assert record["config"]["data"] == "digits"
    assert record["config"]["backend"] == keras.backend.backend()
    assert record["parts"]["encoder"]["distribution"] == "vaekit"
    assert record["parts"]["encoder"]["version"] == vaekit.__version__
    assert record["data"]["training_images"] == 96
    assert len(record["data"]["fingerprint"]) >= 32
    assert record["training"]["steps_done"] == 6
    assert {"python", "keras", "numpy"} <= set(record["versions"])


def test_same_seed_same_run(tmp_path):
    runs = [
        vaekit.train(epochs=2, seed=s, out=str(tmp_path / f"{n}"), **SMALL)
        for n, s in enumerate((5, 5, 6))
    ]
    assert losses(runs[0]) == losses(runs[1])
    assert equal(runs[0], runs[1])
    assert not equal(runs[0], runs[2])


class StopAtStep(keras.callbacks.Callback):
    """Presses Ctrl-C once, in the middle of an epoch."""

    def __init__(self, step):
        super().__init__()
        self.left = step

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if self.left == 0:
            signal.raise_signal(signal.SIGINT)


def test_interrupted_in_an_epoch_and_resumed_equals_uncut(tmp_path):
    whole = vaekit.train(epochs=3, out=str(tmp_path / "whole"), **SMALL)
    cut = vaekit.train(epochs=3, out=str(tmp_path / "cut"), callbacks=[StopAtStep(4)], **SMALL)
    assert cut.record.status == "interrupted"
    done = {name: getattr(cut.record.training, name) for name in ("epochs_done", "steps_done")}
    assert done == {"epochs_done": 1, "steps_done": 4}
    assert (cut.path / "VAE_encoder.keras").exists()
    resumed = vaekit.resume(cut.path, progress=False)
    assert resumed.record.status == "complete"
    assert losses(resumed) == losses(whole)
    assert equal(resumed, whole)


def test_more_epochs_may_be_asked_for(tmp_path):
    whole = vaekit.train(epochs=2, out=str(tmp_path / "whole"), **SMALL)
    short = vaekit.train(epochs=1, out=str(tmp_path / "short"), **SMALL)
    with pytest.raises(RunError, match="has done all of its 1 epochs"):
        vaekit.resume(short.path, progress=False)
    longer = vaekit.resume(short.path, epochs=2, progress=False)
    assert losses(longer) == losses(whole)
    assert equal(longer, whole)


def test_resume_on_other_data_is_refused(tmp_path, digits):
    out = tmp_path / "r"
    small = {"epochs": 1, "batch_size": 8, "progress": False, **SMALL_NETS}
    vaekit.train(data=digits, out=str(out), **small)
    with pytest.raises(vaekit.UserError, match="array"):
        vaekit.resume(out, epochs=2, progress=False)
    changed = digits.copy()
    changed[0, 0, 0, 0] ^= 1
    with pytest.raises(RunError, match=r"not what they were:\n  data: was \w+, is \w+\n"):
        vaekit.resume(out, epochs=2, data=changed, progress=False)
    vaekit.resume(out, epochs=2, data=digits, progress=False)


def test_numpy_arrays_are_good_data(tmp_path, digits):
    small = {"epochs": 1, "batch_size": 8, "progress": False, **SMALL_NETS}
    for number, data in enumerate(
        [digits, digits[..., 0], digits / 255.0, (digits, np.arange(16) % 3)]
    ):
        out = tmp_path / str(number)
        vaekit.train(data=data, out=str(out), **small)
        assert vaekit.load(out).encode(digits).z_mean.shape == (16, 2)


def test_keras_callbacks_work(tmp_path):
    seen = []

    class Seen(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append((batch, logs["loss"]))

        def on_epoch_end(self, epoch, logs=None):
            seen.append((epoch, logs["val_loss"]))

    path = tmp_path / "best.keras"
    run = vaekit.train(
        epochs=5,
        out=str(tmp_path / "r"),
        callbacks=[
            Seen(),
            keras.callbacks.ModelCheckpoint(path, monitor="val_loss"),
            keras.callbacks.LearningRateScheduler(lambda epoch, rate: 0.0),
            keras.callbacks.EarlyStopping(monitor="loss", patience=1, min_delta=1e9),
        ],
        **SMALL,
    )
    assert [batch for batch, _ in seen[:4]] == [0, 1, 2, 0]
    assert len(run.history) == 2  # EarlyStopping stopped it
    # A learning rate of 0 leaves the weights where the seed put them.
    other = vaekit.train(
        epochs=1,
        out=str(tmp_path / "other"),
        callbacks=[keras.callbacks.LearningRateScheduler(lambda epoch: 0.0)],
        **SMALL,
    )
    for a, b in zip(run.vae.trainable_weights, other.vae.trainable_weights, strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(a), keras.ops.convert_to_numpy(b))
    saved = keras.models.load_model(path)
    for a, b in zip(saved.trainable_weights, run.vae.trainable_weights, strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(a), keras.ops.convert_to_numpy(b))


def test_weights_that_a_callback_sets_at_the_end_are_the_runs(tmp_path, digits):
    class Last(keras.callbacks.Callback):
        def on_train_end(self, logs=None):
            self.model.set_weights([w / 2 for w in self.model.get_weights()])

    run = vaekit.train(epochs=1, out=str(tmp_path / "r"), callbacks=[Last()], **SMALL)
    assert equal(run, vaekit.load(run.path))


def test_divergence_names_step_and_term_and_leaves_only_that_step(tmp_path):
    out = tmp_path / "r"
    with pytest.raises(DivergedError, match=r"'\w+' is not finite at step \d+ of epoch 1.*rate"):
        vaekit.train(epochs=2, learning_rate=1e30, out=str(out), **SMALL)
    assert not list_checkpoints(out / "checkpoints")
    step = json.loads((out / "diverged" / "step.json").read_text())
    assert (step["epoch"], len(step["images"])) == (1, 16)


def test_divergence_later_keeps_the_last_checkpoint(tmp_path):
    out = tmp_path / "r"

    def rate(epoch):
        return 1e-4 if epoch == 0 else 1e30

    with pytest.raises(DivergedError, match="of epoch 2"):
        vaekit.train(
            epochs=3,
            out=str(out),
            callbacks=[keras.callbacks.LearningRateScheduler(rate)],
            **SMALL,
        )
    loaded = vaekit.load(out)
    assert loaded.record.status == "failed"
    assert "not finite" in loaded.record.error
    assert np.isfinite(loaded.sample(4)).all()


def test_only_the_newest_checkpoints_are_kept(run_folder):
    kept = list_checkpoints(run_folder / "checkpoints")
    assert len(kept) == 2
    assert latest_checkpoint(run_folder / "checkpoints") == kept[-1]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"batch_size": 41}, r"batch of 41 .* 40 training images"),
        ({"encoder": "conv6"}, r"no encoder 'conv6'. Did you mean 'conv5'"),
        ({"data": "digit"}, r"Did you mean 'digits'"),
        ({"latent_dim": 0}, "latent_dim"),
        ({"epochz": 3}, "Did you mean 'epochs'"),
        ({"loss_opt": {"wait": 3}}, "Did you mean 'weight'"),
        ({"loss_opt": {"weight": "heavy"}}, "weight=float"),
        ({"loss_opt": {"weight": -1}}, "greater than 0"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_written(tmp_path, change, text):
    with pytest.raises(vaekit.UserError, match=text):
        vaekit.train(**{**SMALL, "out": str(tmp_path / "r"), **change})
    assert not list(tmp_path.iterdir())


def test_existing_run_is_refused(run_folder):
    before = (run_folder / "run.json").read_bytes()
    with pytest.raises(RunError, match="holds a run already"):
        vaekit.train(**SMALL, out=str(run_folder))
    assert (run_folder / "run.json").read_bytes() == before
