"""The command of a cure: the run's own config, and nothing left to a preset."""

from __future__ import annotations

import dataclasses
import shlex
from pathlib import Path

from tests.diagnosis.made_up import evidence
from vaekit.diagnosis import Cure, Diagnosis, Finding, changed_fields
from vaekit.train_command import train_command


def diagnosis(tmp_path, cure, **config):
    finding = Finding("unfinished", "Not trained to its end", "", {}, cure)
    return Diagnosis(
        tmp_path / "run", evidence(**config), [finding], source="digits", plugins=("my net.py",)
    )


def test_what_differs_from_the_defaults_is_named_and_the_change():
    fields = changed_fields(evidence(epochs=4, augment=("flip",), seed=3), {"learning_rate": 1e-4})
    assert fields == {
        "loss": "elbo",
        "latent_dim": 4,
        "epochs": 4,
        "augment": ("flip",),
        "seed": 3,
        "learning_rate": 1e-4,
    }


def test_options_stay_beside_those_that_change_unless_the_part_does():
    run = evidence(loss="beta", loss_opt={"beta": 9.0, "ramp": 0.25})
    assert changed_fields(run, {"loss_opt": {"beta": 1.0}})["loss_opt"] == {
        "beta": 1.0,
        "ramp": 0.25,
    }
    other = changed_fields(run, {"loss": "elbo", "loss_opt": {"likelihood": "gaussian"}})
    assert other["loss_opt"] == {"likelihood": "gaussian"}


def test_nothing_is_left_to_the_preset_of_large_images():
    large = dataclasses.replace(evidence(), image_shape=(64, 64, 3))
    named = {"encoder", "decoder", "loss", "recipe", "latent_dim", "batch_size", "epochs"}
    assert named | {"learning_rate"} <= changed_fields(large, {}).keys()


def test_the_defaults_of_another_recipe_are_its_own():
    fields = changed_fields(evidence(recipe="fast"), {})
    assert fields == {"loss": "elbo", "latent_dim": 4, "recipe": "fast"}


def test_values_are_written_as_the_command_line_reads_them():
    words = {
        "loss_opt": {"beta": 1.0, "layers": ["a", "b c"], "limit": None},
        "image_size": (32, 48),
        "augment": ("flip", "shift"),
        "gray": True,
        "gif": False,
    }
    assert train_command(words) == (
        "vaekit train --loss-opt beta=1.0 --loss-opt 'layers=a,b c' --loss-opt limit=none "
        "--image-size 32x48 --augment flip,shift --gray --no-gif"
    )


def test_the_cured_run_lies_beside_the_run_and_over_no_other(tmp_path):
    told = diagnosis(tmp_path, Cure({"epochs": 30}, ""))
    (tmp_path / "run-cured").mkdir()
    words = shlex.split(told.command(told.first))
    assert words[:4] == ["vaekit", "train", "--plugin", "my net.py"]
    assert words[-2:] == ["--out", str(tmp_path / "run-cured-2")]
    assert words[words.index("--epochs") + 1] == "30"


def test_images_that_a_cure_changes_are_written_first(tmp_path):
    told = diagnosis(tmp_path, Cure({}, "", "stretch"))
    first, then = told.command(told.first).split(" && ")
    mended = str(tmp_path / "run-cured.npz")
    assert shlex.split(first) == ["vaekit", "data", "mend", "digits", "stretch", "--out", mended]
    assert mended in shlex.split(then)


def test_an_illness_that_no_training_cures_has_no_command(tmp_path):
    told = diagnosis(tmp_path, None)
    assert told.command(told.first) == ""
    assert told.as_json()["findings"][0]["cure"] is None
    assert Path(told.as_json()["run"]) == tmp_path / "run"
