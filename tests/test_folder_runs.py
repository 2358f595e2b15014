"""A run on a folder with bad files and several sizes: what it says, records and repeats."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import vaekit
from vaekit.cli import main

SMALL = ["--encoder", "small", "--decoder", "small", "--batch-size", "4"]
ONE = [*SMALL, "--no-figures", "--image-size", "16", "--resize", "pad"]


def invoke(*args):
    return CliRunner().invoke(main, [str(arg) for arg in args], prog_name="vaekit")


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for number in range(12):
        shape = (20 + number, 30, 3)
        Image.fromarray(rng.integers(0, 256, shape, np.uint8)).save(folder / f"{number:02}.png")
    (folder / "bad.png").write_bytes(b"")
    return folder


@pytest.fixture(scope="module")
def trained(photos, tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "run"
    return out, invoke("train", "--data", photos, "--skip-bad", *ONE, "--epochs", 1, "--out", out)


def test_a_line_says_what_was_read(trained, photos):
    _, result = trained
    assert result.exit_code == 0, result.output
    assert (
        f"Read {photos}: 11 images of 16x16x3 to train on, 1 to validate on; padded with black "
        "from 20x30 to 31x30; 1 file skipped."
    ) in result.stdout.splitlines()


def test_the_record_has_it(trained):
    record = json.loads((trained[0] / "run.json").read_text())
    assert record["data"]["skipped"] == {"bad.png": "it is empty"}
    assert record["data"]["resized"].startswith("padded with black")
    assert (record["config"]["skip_bad"], record["config"]["resize"]) == (True, "pad")


def test_the_run_reads_as_it_was_trained(trained, photos, tmp_path):
    run = vaekit.load(trained[0])
    with pytest.warns(vaekit.VaekitWarning, match="1 file that can't be read"):
        dataset = run.dataset(photos)
    wanted = vaekit.load_data(photos, image_size=16, resize="pad", skip_bad=True).train.pixels
    np.testing.assert_array_equal(dataset.train.pixels, wanted)
    array = np.random.default_rng(0).integers(0, 256, (2, 16, 32, 3), np.uint8)
    assert run.dataset(array).train.pixels[:, :4].max() == 0


def test_a_mended_file_makes_another_data_set(trained, photos, tmp_path):
    shutil.copytree(photos, tmp_path / "photos")
    shutil.copy(tmp_path / "photos/00.png", tmp_path / "photos/bad.png")
    shutil.copytree(trained[0], tmp_path / "run")
    options = ["--skip-bad", *ONE, "--epochs", 2, "--data", tmp_path / "photos"]
    result = invoke("train", "--resume", *options, "--out", tmp_path / "run")
    assert result.exit_code == 2
    assert "data: was" in result.stderr
    assert "--allow-change data" in result.stderr


def test_bad_files_given_to_a_run_that_had_none(run, tmp_path):
    for number in range(3):
        Image.fromarray(np.full((8, 8), number * 90, "u1")).save(tmp_path / f"{number}.png")
    (tmp_path / "bad.png").write_bytes(b"")
    args = ["encode", run.path, "--data", tmp_path, "--out", tmp_path / "z.h5"]
    refused = invoke(*args)
    assert refused.exit_code == 2
    assert "1 of the 4 images" in refused.stderr
    assert not (tmp_path / "z.h5").exists()
    assert "z_log_var of 3 images" in invoke(*args, "--skip-bad").stdout


def test_a_run_of_before_there_was_a_choice_stretches(trained, tmp_path):
    shutil.copytree(trained[0], tmp_path / "run")
    (tmp_path / "run/manifest.json").unlink()
    record = json.loads((tmp_path / "run/run.json").read_text())
    del record["config"]["resize"], record["config"]["skip_bad"]
    (tmp_path / "run/run.json").write_text(json.dumps(record))
    assert vaekit.load(tmp_path / "run").config.resize == "stretch"


def test_swatches_are_not_of_one_colour(tmp_path):
    """Each image has one, but not all the same."""
    from vaekit.trainer.progress import Progress
    from vaekit.trainer.sources import choose_source

    images = np.repeat(np.arange(40, 80, dtype="u1"), 64).reshape(40, 8, 8)
    source = choose_source(vaekit.TrainConfig(), images, Progress())
    assert source.record.training_images == 36
    with pytest.raises(vaekit.DataError, match=r"36 training images .* one colour \(40, 40, 40\)"):
        choose_source(vaekit.TrainConfig(), np.full((40, 8, 8, 3), 40, "u1"), Progress())
