"""Data sources that can't be read as images."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner

from tests.bad_input.refusals import check_message, listing, refused
from tests.bad_input.sources import SOURCES, npz
from vaekit.cli import main


@pytest.mark.parametrize("name", SOURCES)
def test_source(tmp_path, name):
    make, match = SOURCES[name]
    folder = tmp_path / "source"
    folder.mkdir()
    refused(tmp_path, "train", "--data", make(folder), "--out", "run", match=match)


@pytest.mark.parametrize(
    "command",
    [
        ["evaluate"],
        ["evaluate", "--json"],
        ["reconstruct"],
        ["interpolate"],
        ["encode", "--out", "z.h5"],
        ["score", "--out", "z.csv"],
    ],
)
@pytest.mark.parametrize("name", ["truncated IDX", "NaN", "images of differing sizes"])
def test_source_for_a_run(run_folder, tmp_path, command, name):
    make, match = SOURCES[name]
    folder = tmp_path / "source"
    folder.mkdir()
    command, *options = command
    before = listing(run_folder)
    refused(tmp_path, command, run_folder, "--data", make(folder), *options, match=match)
    assert listing(run_folder) == before


@pytest.mark.parametrize("command", [["encode", "--out", "z.csv"], ["score", "--out", "z.npz"]])
def test_labels_of_other_images(run_folder, tmp_path, command):
    command, *options = command
    source = npz(images=np.zeros((40, 8, 8), "uint8"), labels=np.arange(12))(tmp_path)
    args = (command, run_folder, "--data", source, *options)
    refused(tmp_path, *args, match=r"labels of .* are 12, but there are 40 images\. Do they belong")


@pytest.mark.parametrize("command", [["evaluate"], ["encode", "--out", "z.h5"]])
def test_source_of_another_shape_than_the_runs(run_folder, tmp_path, command):
    command, *options = command
    source = npz(images=np.zeros((4, 9, 8), "uint8"))(tmp_path)
    args = (command, run_folder, "--data", source, *options)
    refused(tmp_path, *args, match=r"works on 8x8x1 images, .*\(4, 9, 8, 1\)")


def test_mnist_that_is_asked_for_never_falls_back(tmp_path, tmp_path_factory, monkeypatch):
    from vaekit.default_plugins import datasets

    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("KERAS_HOME", str(home))
    monkeypatch.setattr(datasets, "ORIGIN", "http://127.0.0.1:9/nothing")
    args = ["train", "--data", "mnist", "--limit", "40", "--epochs", "1", "--out", "run"]
    result = CliRunner().invoke(main, args, prog_name="vaekit")
    match = (
        r"'mnist' is not at hand: .*mnist\.npz is not cached.*or use the data set mnist-sample\."
    )
    check_message(result.exit_code, result.stderr, match, last_only=True)
    assert result.stdout == ""
    assert not list(tmp_path.iterdir())
    assert not [path for path in home.rglob("*") if path.is_file()]
