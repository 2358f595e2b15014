"""A disk that is full, and a limit on the size of files."""

from __future__ import annotations

import os
import resource
import subprocess
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from click.testing import CliRunner

import vaekit
from tests.bad_input.processes import KIT, TRAIN, process
from tests.bad_input.refusals import check_message, refused
from vaekit.cli import main

NO_ROOM = r"No room left to write disk/.*\. Free some space, or choose another --out\."


@pytest.fixture
def disk(tmp_path):
    """Mounts a small disk at `tmp_path/disk`; `resize` gives it another size."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(options):
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        try:
            done = subprocess.run(command, capture_output=True)
        except FileNotFoundError:
            pytest.skip("there is no mount")
        if done.returncode:
            pytest.skip("mounting a small disk needs root")
        return folder

    yield mount
    if os.path.ismount(folder):
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_no_room_for_the_run_directory(tmp_path, disk):
    disk("nr_inodes=2")
    refused(tmp_path, *TRAIN, "--out", "disk/run", match=NO_ROOM)


@pytest.mark.parametrize("there", [False, True], ids=["new folder", "empty folder"])
def test_no_room_for_the_record(tmp_path, disk, there):
    (disk("size=4k") / "filler").write_bytes(bytes(4096))
    if there:
        Path("disk/run").mkdir()
    refused(tmp_path, *TRAIN, "--out", "disk/run", match=NO_ROOM.replace(".*", r"run/run\.json"))


def test_no_room_for_the_first_checkpoint(tmp_path, disk):
    disk("size=1m")
    match = r"No room left to write disk/deep/run/checkpoints/step-"
    refused(tmp_path, *TRAIN, "--out", "disk/deep/run", match=match)


@pytest.mark.pictures
def test_no_room_for_the_models_keeps_the_checkpoint(tmp_path, disk):
    disk("size=3m")
    result = CliRunner().invoke(main, [*TRAIN, "--out", "disk/run"], prog_name="vaekit")
    check_message(result.exit_code, result.stderr, r"No room left to write disk/run/VAE_\w+\.")
    assert not list(tmp_path.rglob(".writing-*"))
    for path in Path("disk/run").glob("VAE*"):
        assert keras.models.load_model(path)  # what is there is whole
    assert vaekit.load("disk/run").record.status == "failed"
    subprocess.run(["mount", "-o", "remount,size=20m", str(tmp_path / "disk")], check=True)
    result = CliRunner().invoke(main, ["resume", "disk/run"])
    assert result.exit_code == 0, result.output
    assert len(list(Path("disk/run").glob("VAE*"))) == 7
    assert len(list(Path("disk/run/figures").glob("*.png"))) >= 4


@pytest.mark.parametrize(
    "command",
    [
        ["sample", "--out", "disk/a.png"],
        ["encode", "--data", "digits", "--out", "disk/z.h5"],
        ["decode", "z.h5", "--out", "disk/a.h5"],
    ],
)
@pytest.mark.parametrize("there", [False, True], ids=["new file", "old file"])
def test_no_room_for_the_output_of_a_command(run_folder, tmp_path, disk, command, there):
    disk("size=12k")
    Path("disk/filler").write_bytes(bytes(4096))
    if there:
        Path(command[-1]).write_bytes(b"old")
    with h5py.File("z.h5", "w") as file:
        file["z_mean"] = np.zeros((300, 2))
    name, *options = command
    refused(tmp_path, name, run_folder, *options, match=NO_ROOM)
    assert not there or Path(command[-1]).read_bytes() == b"old"


def test_no_room_for_the_config(tmp_path, disk):
    (disk("size=4k") / "filler").write_bytes(bytes(4096))
    match = NO_ROOM.replace(".*", r"c\.toml")
    refused(tmp_path, *TRAIN, "--save-config", "disk/c.toml", "--out", "run", match=match)


def test_file_size_limit(tmp_path):
    """A full disk as every user can have one: no file may grow beyond 1 MB."""

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))

    match = r"No room left to write run/checkpoints/step-"
    process(tmp_path, *KIT, match=match, preexec_fn=limit)


def test_file_size_limit_from_the_start(tmp_path):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    process(tmp_path, *KIT, match=r"No room left to write run/run\.json", preexec_fn=limit)
