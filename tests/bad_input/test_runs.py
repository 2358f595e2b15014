"""Run directories, latents and outputs that are not what a command needs."""

from __future__ import annotations

import os
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.bad_input.refusals import refused
from tests.bad_input.sources import hdf5, named, text


def test_output_folder_holds_a_run(run_folder):
    args = ("train", "--data", "digits", "--out", run_folder)
    refused(run_folder, *args, match=r"holds a run already\. .*vaekit resume ")


@pytest.mark.parametrize("name", ["history.csv", "VAE.h5"])
def test_output_folder_holds_a_file_of_a_run(tmp_path, name):
    Path("run").mkdir()
    (tmp_path / "run" / name).write_text("precious")
    args = ("train", "--data", "digits", "--out", "run")
    refused(tmp_path, *args, match=rf"run holds '{name}' already\. Choose another --out")


def test_output_is_a_file(tmp_path):
    Path("run").write_text("precious")
    args = ("train", "--data", "digits", "--out", "run")
    refused(tmp_path, *args, match=r"run is a file; choose a folder for --out")


def test_output_lies_under_a_file(tmp_path):
    Path("file").write_text("precious")
    args = ("train", "--data", "digits", "--out", "file/deep/run")
    refused(tmp_path, *args, match=r"Can't write file/deep/run: Not a directory\. Choose a folder")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_output_folder_may_not_be_written(tmp_path):
    Path("locked").mkdir(mode=0o500)
    args = ("train", "--data", "digits", "--out", "locked/run")
    refused(tmp_path, *args, match=r"Can't write locked/run: Permission denied")


RUN_COMMANDS = [
    ["resume"],
    ["evaluate"],
    ["reconstruct"],
    ["sample"],
    ["interpolate"],
    ["traverse"],
    ["encode", "--data", "digits", "--out", "z.h5"],
    ["decode", "z.h5", "--out", "a.h5"],
    ["score", "--out", "scores.csv"],
]


@pytest.mark.parametrize("command", RUN_COMMANDS)
def test_no_run_there(tmp_path, command):
    name, *options = command
    match = r"nowhere holds no run: there is no run\.json in it"
    refused(tmp_path, name, "nowhere", *options, match=match)


@pytest.mark.parametrize(
    "command",
    [
        ["encode", "--data", "nothing", "--out", "z.txt"],
        ["score", "--out", "scores"],
        ["decode", "nothing.h5", "--out", "a.jpg"],
    ],
)
def test_unknown_endings_come_before_everything(tmp_path, command):
    name, *options = command
    refused(
        tmp_path, name, "nowhere", *options, match=r"doesn't end as .* that vaekit writes\. End"
    )


def test_resume_of_a_complete_run(run_folder):
    match = r"has done all of its 2 epochs; ask for more with --epochs"
    refused(run_folder, "resume", run_folder, match=match)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda folder: folder / "none.h5", r"no file .*none\.h5"),
        (text("z.h5"), r"z\.h5 can't be read as an HDF5 file"),
        (hdf5(z_mena=np.zeros((3, 2))), r"a\.h5 has no dataset 'z_mean'\. Did you mean 'z_mena'"),
        (named(hdf5(z_mean=np.zeros((3, 2))), "y"), r"a\.h5 has no dataset 'y'\. Choose from: z_m"),
        (hdf5(z_mean=np.zeros((3, 5))), r"a\.h5::z_mean must hold .*\(N, 2\).*\(3, 5\)"),
        (hdf5(z_mean=np.full((3, 2), b"x")), r"a\.h5::z_mean must hold numbers"),
        (hdf5(z_mean=np.full((3, 2), np.nan)), r"a\.h5: latents .*not all finite"),
    ],
)
def test_latents(run_folder, tmp_path, make, match):
    refused(tmp_path, "decode", run_folder, make(tmp_path), "--out", "images.h5", match=match)


def test_split_that_is_not_there(run_folder, tmp_path):
    args = ("encode", run_folder, "--data", "digits", "--split", "test", "--out", "z.h5")
    refused(tmp_path, *args, match=r"digits has no test set; ask for --split train")


@pytest.mark.parametrize(
    ("command", "match"),
    [
        (["sample", "--out", "a.gif"], r"a\.gif must end in \.png, \.svg or \.pdf"),
        (["sample", "--out", "no/a.png"], r"Can't write no/a\.png: No such file or directory\."),
        (["reconstruct", "--out", "file/a.png"], r"Can't write file/a\.png: Not a directory\."),
        (["encode", "--data", "digits", "--out", "no/z.h5"], r"Can't write no/z\.h5: "),
        (
            ["encode", "--data", "digits", "--out", "folder.h5"],
            r"folder\.h5 is there already and is no file",
        ),
        (["decode", "z.h5", "--out", "no/a.h5"], r"Can't write no/a\.h5: "),
    ],
)
def test_output_of_a_command(run_folder, tmp_path, command, match):
    Path("file").touch()
    Path("folder.h5").mkdir()
    with h5py.File("z.h5", "w") as file:
        file["z_mean"] = np.zeros((3, 2))
    name, *options = command
    refused(tmp_path, name, run_folder, *options, match=match)
