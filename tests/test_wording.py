"""Errors speak as their reader does: of flags and commands, or of arguments and calls."""

from __future__ import annotations

import shlex

import numpy as np
import pytest
from click.testing import CliRunner

import vaekit
from vaekit.cli import main
from vaekit.image_size import parse_image_size
from vaekit.run import RunDirectory
from vaekit.wording import command_line_wording, install_text, option_text, resume_text

pytestmark = pytest.mark.quick

RUN = "runs/it's mine; rm -rf $HOME"


@pytest.mark.parametrize(
    ("field", "value", "flag", "argument"),
    [
        ("batch_size", None, "--batch-size", "batch_size"),
        ("batch_size", 4, "--batch-size 4", "batch_size=4"),
        ("image_size", (64, 48), "--image-size 64x48", "image_size=(64, 48)"),
        ("skip_bad", True, "--skip-bad", "skip_bad=True"),
        ("compile", False, "--no-compile", "compile=False"),
        ("out", "my runs", "--out 'my runs'", "out='my runs'"),
    ],
)
def test_options(field, value, flag, argument):
    assert option_text(field, value) == argument
    with command_line_wording():
        assert option_text(field, value) == flag
    assert option_text(field, value) == argument


def test_what_is_printed_can_be_pasted():
    assert resume_text(RUN, "step-2") == f"vaekit.resume({RUN!r}, checkpoint='step-2')"
    with command_line_wording():
        command = resume_text(RUN, "step-2")
    assert shlex.split(command) == ["vaekit", "resume", RUN, "--from", "step-2"]
    assert shlex.split(install_text("vaekit[jax]>=1")) == ["pip", "install", "vaekit[jax]>=1"]


def test_a_run_that_is_there_already(tmp_path):
    folder = tmp_path / "it's mine"
    folder.mkdir()
    (folder / "run.json").write_text("{}")
    with pytest.raises(vaekit.RunError, match=r"another out, .*: vaekit\.resume\("):
        RunDirectory(folder).refuse_existing()
    args = ["train", "--data", "digits", "--out", str(folder)]
    result = CliRunner().invoke(main, args, prog_name="vaekit")
    assert result.exit_code == 2
    command = result.stderr.strip().rpartition(": ")[2]
    assert shlex.split(command) == ["vaekit", "resume", str(folder)]


@pytest.mark.parametrize(
    "size", [16, "16", "16x16", "016X16", (16, 16), [16, 16], np.int64(16), 16.0]
)
def test_a_size_of_one_side_is_a_size_everywhere(size, tmp_path):
    assert parse_image_size(size) == (16, 16)
    assert vaekit.TrainConfig.checked({"image_size": size}).image_size == (16, 16)
    images = np.arange(2 * 64, dtype="u1").reshape(2, 8, 8)
    assert vaekit.load_data(images, image_size=size).train.pixels.shape == (2, 16, 16, 1)


@pytest.mark.parametrize("text", ["16", '"16"', '"16x16"', "[16, 16]"])
def test_a_size_in_a_config_file(text, tmp_path):
    from vaekit.config_files import read_config

    (tmp_path / "c.toml").write_text(f"image_size = {text}\n")
    values = read_config(tmp_path / "c.toml")
    assert vaekit.TrainConfig.checked(values).image_size == (16, 16)


@pytest.mark.parametrize("size", [0, -16, "16x", "x16", "²", [16], [16, 16, 16], 16.5, True, "a"])
def test_what_is_no_size(size):
    with pytest.raises(vaekit.OptionError, match=r"image_size can't be .*: give height and width"):
        vaekit.TrainConfig.checked({"image_size": size})
    with pytest.raises(vaekit.OptionError, match=r"image size can't be .*: give height and width"):
        vaekit.load_data(np.zeros((2, 8, 8)), image_size=size)


def test_a_way_of_resizing_that_there_is_not():
    with pytest.raises(vaekit.OptionError, match="no resize 'squash': stretch, crop, pad"):
        vaekit.load_data(np.zeros((2, 8, 8)), image_size=16, resize="squash")
