"""The commands that draw."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from tests.cli.commands import cli, picture


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
        (["interpolate"], "interpolations.png", 5, 10),
        (["interpolate", "-n", "3", "--steps", "6"], "interpolations.png", 2, 6),
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
