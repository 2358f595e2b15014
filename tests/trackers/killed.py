"""A process that trains under trackers and is killed within its third epoch."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import keras

import vaekit
from tests import small_nets
from tests.trackers.readers import mlflow_client, mlflow_numbers, wandb_by_epoch, wandb_lines

STEPS_AN_EPOCH = 12
KILLED_AT = 2 * STEPS_AN_EPOCH + 7
TINY = {
    "data": "digits",
    "limit": 96,
    "batch_size": 8,
    "epochs": 4,
    "latent_dim": 3,
    **small_nets.SMALL_NETS,
    "track": "tensorboard,mlflow,wandb",
    "progress": False,
}


class Killer(keras.callbacks.Callback):
    """Waits for what the second epoch's end has to leave on the disk, and kills its own process."""

    steps = 0

    def __init__(self, run):
        super().__init__()
        self.run = run

    def on_train_batch_end(self, batch, logs=None):
        self.steps += 1
        if self.steps == KILLED_AT - 1:
            wait_for(lambda: len(list((self.run / "checkpoints").glob("step-*"))) == 2)
            time.sleep(0.2)  # with the next step, trackers are told what the checkpoint holds
        if self.steps == KILLED_AT:
            wait_for(lambda: len(wandb_by_epoch(wandb_lines(self.run / "tracking" / "wandb"))) == 2)
            wait_for(lambda: "loss" in self.mlflow() and len(self.mlflow()["loss"]) == 2)
            os.kill(os.getpid(), signal.SIGKILL)

    def mlflow(self):
        kept = json.loads((self.run / "tracking" / "mlflow" / "mlflow.json").read_text())
        return mlflow_numbers(mlflow_client(kept["uri"]), kept["run"])


def wait_for(condition):
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with suppress(FileNotFoundError):
            if condition():
                return
        time.sleep(0.2)
    raise AssertionError("It took more than two minutes.")


if __name__ == "__main__":
    vaekit.register_encoder("small", small_nets.encoder)
    vaekit.register_decoder("small", small_nets.decoder)
    out = Path(sys.argv[1])
    vaekit.train(**TINY, out=out, callbacks=[Killer(out)], figures=False)
