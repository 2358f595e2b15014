"""Runs of fifteen steps, cut and gone on with."""

from __future__ import annotations

import keras
import pytest

import vaekit
from tests.small_nets import SMALL_NETS
from vaekit.checkpoint import latest_checkpoint, read_checkpoint

SMALL = {
    "data": "digits",
    "limit": 40,
    "batch_size": 8,
    **SMALL_NETS,
    "progress": False,
    "step_log": True,
}
STEPS, EPOCHS = 5, 3
ON_THE_LINE = [
    *("train", "--data", "digits", "--limit", "40", "--batch-size", "8", "--step-log"),
    *("--encoder", "small", "--decoder", "small", "--out", "run"),
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
