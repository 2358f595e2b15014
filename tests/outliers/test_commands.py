"""`vaekit calibrate`, and `vaekit score --alpha`."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

import vaekit
from tests.bad_input.refusals import refused
from tests.cli.commands import cli
from vaekit.cli.calibrate import SCORE_NAMES
from vaekit.data import split
from vaekit.outliers import SCORES


def as_file(path: Path, images: np.ndarray) -> Path:
    np.savez(path, images=images)
    return path


@pytest.fixture
def strange(run: vaekit.Run, tmp_path: Path) -> Path:
    """Twenty digits, then five images of noise."""
    noise = np.random.default_rng(0).integers(0, 2, (5, 8, 8, 1)).astype("float32")
    images = np.concatenate([run.held_out().images.pixels[:20], noise])
    return as_file(tmp_path / "strange.npz", images)


def test_names_are_those_of_the_scores() -> None:
    assert tuple(SCORES) == SCORE_NAMES


def test_calibrated_and_scored(run: vaekit.Run, strange: Path, tmp_path: Path) -> None:
    said = cli("calibrate", run.path, "--score", "reconstruction", "--alpha", "0.02")
    first, second = said.splitlines()
    assert first == f"{run.path}: reconstruction of 180 images (validation of digits)"
    assert re.match(
        r"At alpha 0.02 an outlier's score is above 0\.\d+\. Of normal images, 1.66%", second
    )
    out, picture = tmp_path / "scores.h5", tmp_path / "strangest.png"
    said = cli(
        *("score", run.path, "--data", strange, "--out", out, "--alpha", "0.02"),
        *("--maps", "--picture", picture),
    )
    lines = said.splitlines()
    assert lines[0] == f"{out}: 25 images (all)"
    assert re.match(
        r"\d outliers at alpha 0.02: reconstruction above .* 180 images of digits", lines[1]
    )
    assert lines[2:] == ["maps: 6,400 bytes", str(picture)]
    with h5py.File(out) as file:
        values = {name: file[name][()] for name in ("score", "p_value", "outlier", "maps", "elbo")}
        assert file["p_value"].dtype == np.float64
    assert values["outlier"][20:].all()
    assert values["maps"].shape == (25, 8, 8)
    np.testing.assert_array_equal(values["outlier"], values["p_value"] <= 0.02)
    assert picture.stat().st_size > 1000
    table = tmp_path / "scores.csv"
    cli("score", run.path, "--data", strange, "--out", table, "--alpha", "0.02")
    frame = pd.read_csv(table)
    assert list(frame)[-3:] == ["score", "p_value", "outlier"]
    np.testing.assert_array_equal(frame["p_value"], values["p_value"])
    np.testing.assert_array_equal(frame["outlier"], values["outlier"])


def test_images_that_were_trained_on_are_left_out(run: vaekit.Run, tmp_path: Path) -> None:
    held = np.asarray(run.held_out().images.pixels)
    trained = split(run.dataset(), share=0.1, seed=run.config.seed, limit=run.config.limit)[0]
    both = as_file(tmp_path / "both.npz", np.concatenate([trained.pixels[:20], held]))
    score = ("--split", "train", "--score", "reconstruction")
    calibrate = ("calibrate", run.path, "--data", both, *score)
    refused(tmp_path, *calibrate, match="trained on 20 of these 200 images")
    said = cli(*calibrate, "--leave-out-trained").splitlines()
    assert said[0].startswith(f"{run.path}: reconstruction of 180 images (train of ")
    assert said[1] == "20 others were trained on and are left out."
    record = json.loads((run.path / "calibration.json").read_text())["scores"]["reconstruction"]
    assert (record["left_out"], record["images"], record["checked"]) == (20, 180, True)


def test_where_the_training_images_are_is_said(
    of_arrays: vaekit.Run, pixels: np.ndarray, tmp_path: Path
) -> None:
    run = vaekit.load(shutil.copytree(of_arrays.path, tmp_path / "run"))
    images = np.random.default_rng(1).integers(0, 256, (120, 8, 8, 1), "uint8")
    new = as_file(tmp_path / "new.npz", images)
    moved, other = as_file(tmp_path / "moved.npz", pixels), as_file(tmp_path / "o.npz", pixels[1:])
    calibrate = ("calibrate", run.path, "--data", new, "--split", "train", "--score")
    refused(
        tmp_path,
        *(*calibrate, "latent", "--trained-on", other),
        match="isn't what the run was trained on.* by --trained-on",
    )
    cli(*calibrate, "latent", "--trained-on", moved)  # fitted on them
    record = json.loads((run.path / "calibration.json").read_text())["scores"]["latent"]
    assert (record["images"], record["checked"], record["why_unchecked"]) == (120, True, "")
    known = ("calibrate", run.path, "--data", moved, "--split", "train")
    refused(tmp_path, *known, "--trained-on", moved, match="trained on .* of these 400 images")


def test_refusals_leave_nothing(run: vaekit.Run, strange: Path, tmp_path: Path) -> None:
    score = ("score", run.path, "--data", strange, "--out")
    out = tmp_path / "scores.h5"
    refused(
        tmp_path, *score, out, "--alpha", "0.01", match=r"isn't calibrated\. .*vaekit calibrate"
    )
    refused(tmp_path, *score, out, "--maps", match="say --alpha 0.01, too")
    train = ("calibrate", run.path, "--data", "digits", "--split", "train")
    refused(tmp_path, *train, match="trained on 1,000 of these 1,797 images.*--leave-out-trained")
    refused(tmp_path, "calibrate", run.path, "--alpha", "0.005", match="at least 199")
    refused(tmp_path, "calibrate", run.path, "--alpha", "2", match="--alpha is 2.0; take a share")
    refused(tmp_path, "calibrate", run.path, "--data", strange, match="at least 99")
    cli("calibrate", run.path, "--score", "latent")
    refused(tmp_path, *score, out, "--alpha", "0.001", match="at least 999")
    refused(tmp_path, *score, out, "--alpha", "0.1", "--maps", match="--score reconstruction")
    table = tmp_path / "scores.csv"
    refused(tmp_path, *score, table, "--alpha", "0.1", "--maps", match="no place for maps")
    picture = ("--alpha", "0.1", "--picture", tmp_path / "a.txt")
    refused(tmp_path, *score, out, *picture, match="must end in .png")
