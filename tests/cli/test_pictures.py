"""The commands that draw."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PIL import Image

from tests.bad_input.refusals import refused
from tests.cli.commands import cli, picture
from vaekit.figures.grid import as_rgb, enlarge, scale_of, tile


def blocks(shown, threshold=250):
    """How many separate runs of not-white columns and rows a picture has, words aside."""
    dark = shown[44:] < threshold
    dark = dark[:, np.flatnonzero(dark.mean(axis=0) > 0.5)[0] :]
    dark = dark[: np.flatnonzero(dark[:, :20].all(axis=1))[-1] + 1]  # each row has a first image

    def count(line):
        return int(line[0]) + int((np.diff(line.astype(int)) == 1).sum())

    return count(dark.any(axis=1)), count(dark.any(axis=0))


@pytest.mark.parametrize(
    ("args", "name", "rows", "columns"),
    [
        (["reconstruct"], "reconstructions.png", 3, 10),
        (["reconstruct", "-n", "4"], "reconstructions.png", 3, 4),
        (["sample", "-n", "7"], "samples.png", 1, 7),
        (["sample", "-n", "23", "--seed", "1"], "samples.png", 3, 10),
        (["interpolate"], "interpolations.png", 5, 12),
        (["interpolate", "-n", "3", "--steps", "6"], "interpolations.png", 2, 8),
        (["traverse"], "traversal.png", 2, 7),
        (["traverse", "-n", "1", "--steps", "5", "--span", "2.5"], "traversal.png", 1, 5),
    ],
)
def test_pictures(run_folder, tmp_path, args, name, rows, columns):
    command, *options = args
    path = tmp_path / name
    assert cli(command, run_folder, *options, "--out", path) == f"{path}\n"
    shown = picture(path)
    assert shown.shape[1] > 600
    assert shown.shape[0] > 100
    assert blocks(shown) == (rows, columns)


def test_pictures_lie_in_the_run_by_default(run_folder, tmp_path):
    folder = shutil.copytree(run_folder, tmp_path / "copy")
    out = cli("sample", folder, "-n", 3)
    assert out == f"{folder / 'figures' / 'samples.png'}\n"
    assert picture(out.strip()).std() > 5


def test_seeds_draw_other_samples(run_folder, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        cli("sample", run_folder, "-n", 5, "--seed", seed, "--out", tmp_path / f"{name}.png")
    a, b, c = (picture(tmp_path / f"{name}.png") for name in "abc")
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


def test_reconstruct_other_data(run_folder, split_npz, tmp_path):
    cli("reconstruct", run_folder, "--data", split_npz, "-n", 12, "--out", tmp_path / "a.png")
    assert blocks(picture(tmp_path / "a.png")) == (6, 10)


@pytest.fixture
def files(tmp_path, digits):
    """Three images as files, two of their names in other scripts."""
    paths = [tmp_path / name for name in ("a.png", "图.png", "صورة$x$.png")]
    for path, image in zip(paths, digits, strict=False):
        Image.fromarray(image[..., 0]).save(path)
    return paths


@pytest.mark.filterwarnings("error::UserWarning")
def test_interpolate_between_files_with_the_ends_shown(run, run_folder, files, digits, tmp_path):
    cli("interpolate", run_folder, *files, "--steps", 4, "--out", tmp_path / "way.png")
    shown = picture(tmp_path / "way.png")
    # Every image of both rows, each of its pixels a square.
    paths = run.interpolate(digits[:3], steps=4)
    rows = np.concatenate([digits[:2, None] / 255, paths, digits[1:3, None] / 255], axis=1)
    canvas = tile(as_rgb(rows.reshape(-1, 8, 8, 1)), 6, gap=1)
    expected = enlarge(canvas, scale_of(canvas, digits))[..., 0]
    height, width = expected.shape
    left = np.flatnonzero((shown[44 : 44 + height] == expected[:, :1]).all(axis=0))
    assert any(np.array_equal(shown[44 : 44 + height, x : x + width], expected) for x in left)


def test_traverse_from_a_file(run_folder, files, tmp_path):
    for name, args in (("mean", ()), ("file", files[:1])):
        cli("traverse", run_folder, *args, "--out", tmp_path / f"{name}.png")
    assert not np.array_equal(picture(tmp_path / "mean.png"), picture(tmp_path / "file.png"))


@pytest.mark.parametrize(
    ("args", "match"),
    [
        (["interpolate", "a.png"], "a.png is one image: name two or more"),
        (["interpolate", "a.png", "."], r"\. holds 3 images; give the file of one"),
        (["interpolate", "a.png", "none.png"], "no data set 'none.png'"),
        (["interpolate", "a.png", "a.png", "-n", "3"], "not both"),
        (["traverse", "."], r"\. holds 3 images"),
        (["traverse", "--out", "a.jpg"], "a.jpg must end in .png"),
    ],
)
def test_refused(run_folder, files, tmp_path, args, match):
    command, *rest = args
    refused(tmp_path, command, run_folder, *rest, match=match)
