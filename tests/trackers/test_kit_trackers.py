"""What the kit's trackers keep, read back by their clients, of runs that are told to them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.trackers.readers import (
    by_epoch,
    mlflow_client,
    mlflow_numbers,
    single_precision,
    tensorboard_events,
    tensorboard_numbers,
    wandb_by_epoch,
    wandb_lines,
)
from vaekit.testing import subject_of
from vaekit.testing.tracker_values import STEPS, TrackerUnderCheck, line_of


@pytest.fixture
def made(request, tmp_path, monkeypatch):
    """A tracker of the kit by its name, and a run for it."""
    monkeypatch.chdir(tmp_path)
    return TrackerUnderCheck(subject_of(request.param, "tracker"), tmp_path)


def tell(made, done, epochs, *, results=False):
    """A process that trains these epochs after so many, and where it kept them."""
    tracker, run = made.new(), made.run(done)
    tracker.start(run)
    for epoch in epochs:
        tracker.step(epoch * STEPS, {"loss": 0.1})
        tracker.epoch(epoch, epoch * STEPS, line_of(epoch))
    if results:
        tracker.results(epochs[-1], made.results())
    tracker.end("complete" if results else "failed")
    return run


def of_tensorboard(run):
    return by_epoch(tensorboard_numbers(run.folder))


def of_mlflow(run):
    kept = json.loads((run.folder / "mlflow.json").read_text())
    return by_epoch(mlflow_numbers(mlflow_client(kept["uri"]), kept["run"]))


def of_wandb(run):
    return wandb_by_epoch(wandb_lines(run.folder))


def lines(*epochs):
    return [line_of(epoch) for epoch in epochs]


@pytest.mark.parametrize(
    ("made", "read", "exactly"),
    [
        ("tensorboard", of_tensorboard, single_precision),
        ("mlflow", of_mlflow, list),
        ("wandb", of_wandb, list),
    ],
    indirect=["made"],
)
def test_lines_that_lack_are_told_and_lost_ones_forgotten(made, read, exactly):
    """The first was killed with a line on its way; the third goes back behind the second."""
    tell(made, 0, [1])
    assert read(tell(made, 2, [3])) == exactly(lines(1, 2, 3))
    assert read(tell(made, 1, [2])) == exactly(lines(1, 2))


@pytest.mark.parametrize("made", ["mlflow"], indirect=True)
def test_mlflow_keeps_files(made):
    run = tell(made, 0, [1], results=True)
    kept = json.loads((run.folder / "mlflow.json").read_text())
    client = mlflow_client(kept["uri"])
    names = {
        artifact.path
        for folder in ("", "figures", "models")
        for artifact in client.list_artifacts(kept["run"], folder)
    }
    assert names >= {
        "report.html",
        "figures/latent.png",
        "figures/training.gif",
        "models/VAE.keras",
    }
    of_run = client.get_run(kept["run"])
    assert of_run.info.run_name == run.name
    assert of_run.data.params["beta.weight"] == "0.5"
    assert of_run.data.tags["part.encoder"] == "small@under-check 0"


@pytest.mark.parametrize("made", ["wandb"], indirect=True)
def test_wandb_keeps_files(made):
    run = tell(made, 0, [1], results=True)
    shown = wandb_lines(run.folder)[-1]
    assert shown["figures/latent/_type"] == "image-file"
    assert shown["report/_type"] == "html-file"
    media = [path.suffix for path in run.folder.rglob("media/**/*.*")]
    assert sorted(media) == [".gif", ".html", ".png"]


_SERVICE_DIES = """
from pathlib import Path
import psutil
from tests.trackers.test_kit_trackers import TrackerUnderCheck, lines, of_wandb, subject_of, tell
made = TrackerUnderCheck(subject_of("wandb", "tracker"), Path())
tell(made, 0, [1])
(service,) = [child for child in psutil.Process().children() if "wandb" in child.name()]
service.kill()
service.wait()
assert of_wandb(tell(made, 1, [2])) == lines(1, 2)
"""


def test_wandb_starts_its_process_anew_where_that_died(tmp_path):
    # In a process of its own: the other tests' service is left alone.
    own = {name: value for name, value in os.environ.items() if name != "WANDB_SERVICE"}
    done = subprocess.run(
        [sys.executable, "-c", _SERVICE_DIES],
        cwd=tmp_path,
        env={**own, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("made", ["tensorboard"], indirect=True)
def test_tensorboard_has_pictures_options_and_the_projector(made):
    from tensorboard.plugins.hparams import metadata

    run = tell(made, 0, [1, 2], results=True)
    events = tensorboard_events(run.folder)
    width, height, content = events.Tensors("figures/latent")[0].tensor_proto.string_val
    assert (width, height) == (b"8", b"8")
    assert content == (run.path / "latent.png").read_bytes()
    assert events.PluginTagToContent("images").keys() == {"figures/latent", "figures/training"}
    options = metadata.parse_session_start_info_plugin_data(
        events.PluginTagToContent("hparams")[metadata.SESSION_START_INFO_TAG]
    ).hparams
    assert options["beta.weight"].number_value == 0.5
    assert options["gif"].bool_value is True

    config = (run.folder / "projector_config.pbtxt").read_text()
    assert config.count("single_image_dim: 8") == 2
    points = np.loadtxt(run.folder / "tensors.tsv")
    assert np.array_equal(points.astype("float32"), made.results().points)
    head, *classes = (run.folder / "metadata.tsv").read_text().splitlines()
    assert (head, classes[:2]) == ("image\tclass", ["0\teven", "1\todd"])
    sheet = np.asarray(Image.open(run.folder / "sprite.png"))
    assert sheet.shape == (24, 24)
    assert np.array_equal(sheet[8:16, :8], made.results().images.pixels[3, ..., 0])


@pytest.mark.parametrize("made", ["tensorboard"], indirect=True)
def test_an_event_that_was_cut_by_a_kill_is_left_out(made):
    run = tell(made, 0, [1])
    (file,) = run.folder.glob("events.*")
    file.write_bytes(file.read_bytes()[:-9])
    assert of_tensorboard(tell(made, 1, [2])) == single_precision(lines(1, 2))
    assert len(list(run.folder.glob("events.*"))) == 1
