"""Keras's callbacks mean what they do under `fit`."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import vaekit
from tests.resume.runs import SMALL, STEPS, resume, train
from vaekit.errors import UserError

pytestmark = pytest.mark.backend


HOOKS = (
    *("on_train_begin", "on_epoch_begin", "on_train_batch_begin", "on_train_batch_end"),
    *("on_test_begin", "on_test_end", "on_epoch_end", "on_train_end"),
)


class Hearing(keras.callbacks.Callback):
    """Notes what it is told, and asks to stop when it is told `stop`."""

    def __init__(self, stop=None):
        super().__init__()
        self.heard = []
        self.stop = stop

    def note(self, *event):
        self.heard.append(event)
        if event == self.stop:
            self.model.stop_training = True


def _hook(name):
    def hook(self, *args, **logs):
        self.note(name, *(arg for arg in args if isinstance(arg, int)))

    return hook


for _name in HOOKS:
    setattr(Hearing, _name, _hook(_name))


def under_fit(callback, epochs):
    """What a callback hears under Keras's own `fit`, over as many batches as a small run has."""
    x = np.zeros((SMALL["limit"], 1), "float32")
    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
    model.compile(loss="mse")
    size = SMALL["batch_size"]
    data = {"validation_data": (x, x), "batch_size": size, "epochs": epochs, "verbose": 0}
    model.fit(x, x, callbacks=[callback], **data)
    return callback.heard


@pytest.mark.parametrize(
    "stop",
    [
        None,
        ("on_epoch_begin", 1),
        ("on_train_batch_begin", 2),
        ("on_train_batch_end", 2),
        ("on_train_batch_end", STEPS - 1),
        ("on_epoch_end", 0),
    ],
)
def test_each_hook_is_called_when_fit_calls_it(tmp_path, stop):
    ours = Hearing(stop)
    train(tmp_path / "run", callbacks=[ours], epochs=2)
    assert ours.heard == under_fit(Hearing(stop), epochs=2)


def test_a_run_that_a_callback_cut_can_go_on(tmp_path):
    whole = train(tmp_path / "whole")
    cut = train(tmp_path / "run", callbacks=[Hearing(("on_train_batch_end", 1))])
    assert cut.record.training.steps_done == 2
    assert [row["epoch"] for row in cut.history] == [1]
    resumed = resume(cut.path)
    assert [row["val_loss"] for row in resumed.history] == [
        row["val_loss"] for row in whole.history
    ]


def test_a_hook_that_is_set_on_one_callback_hears_every_batch(tmp_path):
    heard = []
    callback = keras.callbacks.LambdaCallback(on_train_batch_end=lambda b, logs: heard.append(b))
    train(tmp_path / "run", callbacks=[callback], epochs=1)
    assert heard == list(range(STEPS))


def test_callbacks_that_hear_no_batch_leave_the_pace_alone(tmp_path):
    callback = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None)
    run = train(tmp_path / "run", callbacks=[callback], epochs=1)
    assert run.record.choices["steps_per_call"].value == "adapted"


@pytest.mark.parametrize(
    "callback",
    [
        keras.callbacks.ReduceLROnPlateau(),
        keras.callbacks.LearningRateScheduler(lambda epoch: 0.1),
    ],
)
def test_two_that_set_the_rate_are_one_too_many(tmp_path, callback):
    name = type(callback).__name__
    with pytest.raises(UserError, match=f"{name} sets the learning rate, and so does recipe='fas"):
        train(tmp_path / "run", recipe="fast", callbacks=[callback])
    assert not (tmp_path / "run").exists()
    run = train(tmp_path / "run", recipe="fast", epochs=1)
    with pytest.raises(UserError, match=name):
        vaekit.resume(run.path, epochs=2, callbacks=[callback], allow_change=["epochs"])


class OwnBackup(keras.callbacks.BackupAndRestore):
    """A subclass is one, too."""


@pytest.mark.parametrize("kind", [keras.callbacks.BackupAndRestore, OwnBackup])
def test_a_backup_is_refused_with_the_way_to_go_on(tmp_path, kind):
    with pytest.raises(UserError, match=f"{kind.__name__} .*vaekit resume"):
        train(tmp_path / "run", callbacks=[kind(tmp_path / "backup")])
    assert not (tmp_path / "run").exists()


def begin(action, hook="on_train_begin"):
    """A callback that does something to the model when training, or an epoch, begins."""

    class Begin(keras.callbacks.Callback):
        pass

    setattr(Begin, hook, lambda self, *args, **logs: action(self.model))
    return Begin()


def later_epoch(model):
    model._initial_epoch = 1


def other_weights(model):
    model.set_weights([2 * weight + 1 for weight in model.get_weights()])


@pytest.mark.parametrize("action", [later_epoch, other_weights])
def test_what_starts_a_run_elsewhere_is_refused(tmp_path, action):
    with pytest.raises(UserError, match=r"The callback Begin sets .*vaekit resume"):
        train(tmp_path / "run", callbacks=[begin(action)])
    assert not (tmp_path / "run").exists()


def test_a_rate_that_is_set_as_training_begins_is_not(tmp_path):
    def rate(model):
        model.optimizer.learning_rate = 1e-4

    run = train(tmp_path / "run", callbacks=[begin(rate)], epochs=1)
    assert run.record.status == "complete"


def frozen(model):
    model.layers[1].trainable = False


@pytest.mark.parametrize("hook", ["on_train_begin", "on_epoch_begin", "set_model"])
def test_layers_that_are_frozen_too_late_are_refused(tmp_path, hook):
    callback = begin(frozen, hook)
    if hook == "set_model":
        callback.set_model = frozen
    with pytest.raises(UserError, match=r"Begin changed which layers are trainable.*factory"):
        train(tmp_path / "run", callbacks=[callback])
    assert not (tmp_path / "run").exists()


def test_a_package_that_a_callback_lacks_is_said_before_training(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"TensorBoard needs tensorboard.*pip install"):
        train(tmp_path / "run", callbacks=[keras.callbacks.TensorBoard(tmp_path / "logs")])
    assert not (tmp_path / "run").exists()


@pytest.mark.pictures
def test_a_run_may_end_before_its_first_epoch(tmp_path):
    callback = Hearing(("on_train_begin",))
    run = train(tmp_path / "run", callbacks=[callback])
    assert run.record.status == "complete"
    assert run.history == []
    assert not (run.directory.figures / "loss.png").exists()  # there is nothing to draw
    again = vaekit.load(run.path)
    assert again.history == []
    assert again.evaluate()["images"]
    resumed = resume(run.path)
    assert [row["epoch"] for row in resumed.history] == [1, 2, 3]
