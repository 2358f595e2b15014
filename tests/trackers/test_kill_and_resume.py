"""The kit's trackers in one run, killed within an epoch and resumed: nothing lost or double."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import vaekit
from tests.trackers.killed import STEPS_AN_EPOCH
from tests.trackers.readers import (
    by_epoch,
    mlflow_client,
    mlflow_numbers,
    single_precision,
    tensorboard_numbers,
    wandb_by_epoch,
    wandb_lines,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def resumed(tmp_path_factory):
    """A run that was killed in one folder and resumed in another."""
    folder = tmp_path_factory.mktemp("killed")
    # In the service of a tracker that ran here before, a run that is killed would stay open.
    own = {name: value for name, value in os.environ.items() if name != "WANDB_SERVICE"}
    killed = subprocess.run(
        [sys.executable, "-m", "tests.trackers.killed", "run"],
        cwd=folder,
        env={**own, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    path = folder / "run"
    assert len((path / "history.csv").read_text().splitlines()) == 3
    return vaekit.resume(path, progress=False)


def test_tensorboard_has_the_numbers_of_the_history(resumed):
    numbers = tensorboard_numbers(resumed.path / "tracking" / "tensorboard")
    assert by_epoch(numbers) == single_precision(resumed.history)
    assert_by_step([step for step, _ in numbers["step/loss"]])


def test_mlflow_goes_on_in_the_same_run(resumed):
    kept = json.loads((resumed.path / "tracking" / "mlflow" / "mlflow.json").read_text())
    # Where the killed process worked, not here.
    assert kept["uri"] == f"sqlite:///{resumed.path.parent / 'mlflow.db'}"
    client = mlflow_client(kept["uri"])
    (experiment,) = client.search_experiments(filter_string="name = 'vaekit'")
    (run,) = client.search_runs([experiment.experiment_id])
    assert (run.info.run_id, run.info.status) == (kept["run"], "FINISHED")
    assert run.data.params["latent_dim"] == "3"
    numbers = mlflow_numbers(client, kept["run"])
    assert by_epoch(numbers) == resumed.history
    assert_by_step([step for step, _ in numbers["step/loss"]])
    models = {artifact.path for artifact in client.list_artifacts(kept["run"], "models")}
    assert "models/VAE_decoder.keras" in models


def test_wandb_goes_on_in_the_same_run(resumed):
    lines = wandb_lines(resumed.path / "tracking" / "wandb")
    assert wandb_by_epoch(lines) == resumed.history
    assert_by_step([line["_step"] for line in lines if "step/loss" in line])
    folder = resumed.path / "tracking" / "wandb" / "wandb"
    assert len({path.name.rpartition("-")[2] for path in folder.glob("offline-run-*")}) == 1


def test_terms_of_an_epochs_last_step_are_its_line(resumed):
    lines = wandb_lines(resumed.path / "tracking" / "wandb")
    losses = {line["_step"]: line["step/loss"] for line in lines if "step/loss" in line}
    assert [losses[STEPS_AN_EPOCH * n] for n in range(1, 5)] == [
        row["loss"] for row in resumed.history
    ]


def assert_by_step(steps):
    """Each step of the epochs before the kill once; then one a call, until the end."""
    assert steps == sorted(set(steps))
    assert set(range(1, 2 * STEPS_AN_EPOCH + 1)) <= set(steps)
    assert steps[-1] == 4 * STEPS_AN_EPOCH
