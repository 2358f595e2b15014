"""What bad input gets: exit 2, a sentence or two on standard error, and nothing half-written."""

from __future__ import annotations

import json
import os
import re
import resource
import struct
import subprocess
import sys
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import vaekit
from vaekit.cli import main

SENTENCE_END = re.compile(r"[.?!](?= |$)")


def listing(folder):
    """Every file with its size and time, every folder; links are not followed."""
    return {
        str(path): path.is_file() and (path.stat().st_size, path.stat().st_mtime_ns)
        for path in Path(folder).rglob("*")
    }


def check_message(code, stderr, match, last_only=False):
    # A full disk is nobody's mistake.
    assert code == (1 if "No room left" in match else 2), stderr
    assert "Traceback" not in stderr
    *before, line = stderr.splitlines()
    assert last_only or not before
    assert line.startswith("vaekit: ")
    assert re.search(match, line), line
    said = line.removeprefix("vaekit: ")
    assert 1 <= len(SENTENCE_END.findall(said)) <= 2, said
    assert said[-1] in ".?" or "vaekit resume " in said or "pip install " in said, said


def refused(folder, *args, match):
    """Run a command that must be refused and must leave `folder` as it was."""
    before = listing(folder)
    result = CliRunner().invoke(main, [str(arg) for arg in args], prog_name="vaekit")
    assert isinstance(result.exception, SystemExit), result.exception
    check_message(result.exit_code, result.stderr, match)
    assert listing(folder) == before
    assert "Saved in" not in result.stdout


def usage_refused(folder, *args, match):
    """As `refused`, for what click itself finds wrong: it shows the command's usage first."""
    before = listing(folder)
    result = CliRunner().invoke(main, [str(arg) for arg in args], prog_name="vaekit")
    assert result.exit_code == 2
    assert result.stderr.startswith("Usage: vaekit ")
    assert re.search(match, result.stderr.splitlines()[-1])
    assert listing(folder) == before


def digits_of(count):
    return (vaekit.load_data("digits").train.pixels[:count] * 255).round().astype("uint8")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """A folder of the test's own to run in, so that what is written anywhere near is seen."""
    monkeypatch.chdir(tmp_path)


# names


@pytest.mark.parametrize(
    ("args", "match"),
    [
        (["--encoder", "conv55"], r"no encoder 'conv55'\. Did you mean 'conv5'\?"),
        (["--decoder", "decon4"], r"no decoder 'decon4'\. Did you mean 'deconv4'\?"),
        (["--loss", "tutorail"], r"no loss 'tutorail'\. Did you mean 'tutorial'\?"),
        (["--loss", "xyzzy"], r"no loss 'xyzzy'\. Choose from: beta, .*tutorial"),
        (["--encoder", "conv5@elsewhere"], r"no encoder 'conv5@elsewhere'\. Did you .*'conv5'\?"),
        (["--data", "digit"], r"no data set 'digit', .*Did you mean 'digits'\?"),
        (["--data", "fashion-mnist"], r"Did you mean 'fashion_mnist'\?"),
        (["--data", "no/such.npz"], r"no file or folder no/such\.npz\."),
    ],
)
def test_unknown_name(tmp_path, args, match):
    refused(tmp_path, "train", *args, "--out", tmp_path / "run", match=match)


def test_unknown_part_to_show(tmp_path):
    refused(tmp_path, "plugins", "show", "conv55", match=r"no part 'conv55'\. Did you mean 'conv5'")


def test_unknown_data_to_look_at(tmp_path):
    refused(tmp_path, "data", "info", "mnits", match=r"'mnits'.*Did you mean 'mnist'\?")


# options


@pytest.mark.parametrize(
    ("args", "match"),
    [
        (
            ["--encoder-opt", "widht=3"],
            r"'conv5' has no option 'widht'; it takes width=int\. .*wid",
        ),
        (["--decoder-opt", "x=3"], r"'deconv4' has no option 'x'; it takes width=int\."),
        (
            ["--loss", "beta", "--loss-opt", "warmup=3"],
            r"takes beta=float, schedule=constant\|linear\|cyclical, .*likelihood=.*sigma=float",
        ),
        (["--encoder-opt", "width=wide"], r"'conv5' takes width=int, not 'wide': .*integer"),
        (["--encoder-opt", "width=1"], r"width=int, not '1': .*greater than or equal to 2"),
        (["--loss", "elbo", "--loss-opt", "likelihood=x"], r"likelihood=bernoulli\|gaussian, not"),
        (["--latent-dim", "0"], r"latent_dim can't be 0: .*greater than or equal to 1"),
        (["--epochs", "-1"], r"epochs can't be -1"),
        (["--batch-size", "0"], r"batch_size can't be 0"),
        (["--learning-rate", "0"], r"learning_rate can't be 0\.0: .*greater than 0"),
        (["--learning-rate", "nan"], r"learning_rate can't be nan"),
        (["--limit", "0"], r"limit can't be 0"),
        (["--seed", "-3"], r"seed can't be -3"),
        (["--validation-split", "1"], r"validation_split can't be 1\.0"),
        (["--image-size", "4x30"], r"8 or more"),
        (["--limit", "20"], r"batch of 32 is more than the 20 training images.*--batch-size"),
    ],
)
def test_option(tmp_path, args, match):
    args = ["train", "--data", "digits", *args, "--out", tmp_path / "run"]
    refused(tmp_path, *args, match=match)


@pytest.mark.parametrize(
    ("args", "match"),
    [
        (["--encoder-opt", "width"], r"'--encoder-opt': 'width' is not of the form name=value"),
        (["--loss-opt", "=3"], r"'--loss-opt': '=3' is not of the form name=value"),
        (["--backend", "tensorfow"], r"'tensorfow' is not one of 'tensorflow', 'jax', 'torch'"),
        (["--image-size", "28x"], r"'--image-size': '28x' is not a size like 64 or 64x48"),
        (["--epochs", "many"], r"'--epochs': 'many' is not a valid integer"),
        (["--encodr", "conv5"], r"No such option.*--encodr.*--encoder"),
    ],
)
def test_usage(tmp_path, args, match):
    usage_refused(tmp_path, "train", *args, match=match)


def test_diverged_training_leaves_no_model(tmp_path):
    args = ["train", "--data", "digits", "--limit", "64", "--learning-rate", "1e30", "--out", "run"]
    result = CliRunner().invoke(main, args, prog_name="vaekit")
    match = r"'\w+' is not finite at step \d+ of epoch 1\. Try a smaller --learning-rate"
    check_message(result.exit_code, result.stderr, match)
    assert not list(Path("run").glob("VAE*"))
    assert not list(Path("run/checkpoints").iterdir())


# config files


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (None, r"Can't read the config file c\.toml: No such file"),
        ("epochs = = 3", r"config file c\.toml is not valid TOML: .*line 1"),
        (b"\xff\xfe", r"config file c\.toml is not valid TOML"),
        ("epohcs = 3", r"c\.toml: there is no option 'epohcs'\. Did you mean 'epochs'\?"),
        ('epochs = "many"', r"c\.toml: epochs can't be 'many': .*integer"),
        ("encoder_opt = 3", r"c\.toml: encoder_opt can't be 3: .*dictionary"),
        (
            'backend = "tensorfow"',
            r"backend can't be 'tensorfow': .*'tensorflow', 'jax' or 'torch'",
        ),
        ("image_size = [28]", r"c\.toml: image_size"),
    ],
)
def test_config_file(tmp_path, text, match):
    if text is not None:
        Path("c.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    refused(tmp_path, "train", "--config", "c.toml", "--out", "run", match=match)


def test_save_config_where_nothing_can_be_written(tmp_path):
    Path("file").touch()
    refused(
        tmp_path,
        *("train", "--data", "digits", "--save-config", "file/c.toml", "--out", "run"),
        match=r"Can't write the config file file/c\.toml: Not a directory",
    )


# sources


def idx(array):
    head = struct.pack(">BBBB", 0, 0, 0x08, array.ndim)
    return head + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


IMAGES = np.random.default_rng(0).integers(0, 256, (40, 8, 8), np.uint8)
LABELS = (np.arange(40) % 10).astype(np.uint8)


def idx_folder(images, labels=None):
    def make(folder):
        (folder / "train-images-idx3-ubyte").write_bytes(images)
        if labels is not None:
            (folder / "train-labels-idx1-ubyte").write_bytes(labels)
        return folder

    return make


def npz(**arrays):
    def make(folder):
        np.savez(folder / "a.npz", **arrays)
        return folder / "a.npz"

    return make


def hdf5(**arrays):
    def make(folder):
        with h5py.File(folder / "a.h5", "w") as file:
            for name, array in arrays.items():
                file[name] = array
        return folder / "a.h5"

    return make


def pngs(*shapes):
    def make(folder):
        for number, shape in enumerate(shapes):
            Image.fromarray(np.zeros(shape, "uint8")).save(folder / f"{number}.png")
        return folder

    return make


def named(make, name):
    return lambda folder: f"{make(folder)}::{name}"


def text(name):
    def make(folder):
        (folder / name).write_text("nothing of the kind")
        return folder / name

    return make


def with_value(value):
    images = (IMAGES / 255).astype("float32")
    images[7, 1, 2] = value
    return images


SOURCES = {
    "truncated IDX": (
        idx_folder(idx(IMAGES)[:-100]),
        r"train-images-idx3-ubyte is truncated: .*\(40, 8, 8\), 2560 bytes, but it holds 2460\. Fe",
    ),
    "IDX cut in its header": (
        idx_folder(idx(IMAGES)[:9]),
        r"train-images-idx3-ubyte is truncated: it ends within its header",
    ),
    "IDX with more than it declares": (
        idx_folder(idx(IMAGES) + b"\0"),
        r"train-images-idx3-ubyte holds more bytes than the 2560",
    ),
    "labels in place of images": (
        idx_folder(idx(LABELS)),
        r"train-images-idx3-ubyte should hold images, but its header declares labels",
    ),
    "images in place of labels": (
        idx_folder(idx(IMAGES), idx(IMAGES)),
        r"train-labels-idx1-ubyte should hold labels, but its header declares images",
    ),
    "no IDX at all": (idx_folder(b"plain text"), r"train-images-idx3-ubyte is no IDX file"),
    "labels of another length, IDX": (
        idx_folder(idx(IMAGES), idx(LABELS[:-1])),
        r"train labels of .*source are 39, but there are 40 images",
    ),
    "labels of another length, npz": (
        npz(images=IMAGES, labels=LABELS[:12]),
        r"labels of .*a\.npz are 12, but there are 40 images",
    ),
    "labels of another length, h5": (
        hdf5(x_train=IMAGES, y_train=LABELS[:12]),
        r"labels of .*a\.h5 are 12, but there are 40 images",
    ),
    "npz that needs pickle": (
        npz(images=np.array([{"a": 1}, None], dtype=object)),
        r"a\.npz: images is a pickle of Python objects, which vaekit never opens",
    ),
    "npz of unknown names": (npz(photos=IMAGES), r"a\.npz holds none of .*; it holds photos"),
    "no npz": (text("a.npz"), r"a\.npz can't be read as an \.npz file"),
    "empty folder": (lambda folder: folder, r"folder .*source is empty\. Put images into it"),
    "folder of something else": (pngs_text := text("notes.txt"), r"notes\.txt is of no known"),
    "folder without images": (
        lambda folder: pngs_text(folder).parent,
        r"folder .*source holds no images\. vaekit reads IDX",
    ),
    "images of differing sizes": (
        pngs((9, 8), (9, 8), (10, 8)),
        r"differ in size: .*0\.png has 9x8 .*2\.png 10x8\. Give --image-size HxW",
    ),
    "no PNG": (text("a.png"), r"a\.png can't be read as a PNG or JPEG image"),
    "NaN": (npz(images=with_value(np.nan)), r"a\.npz hold 1 values that are NaN .*in image 7 "),
    "infinite": (hdf5(images=with_value(np.inf)), r"a\.h5 hold 1 values that are NaN or infinite"),
    "pixels out of range": (npz(images=with_value(-3)), r"a\.npz hold values from -3 to 1"),
    "images too small": (npz(images=IMAGES[:, :7]), r"7x8 pixels, smaller than 8x8"),
    "a single image": (npz(images=IMAGES[:1]), r"a\.npz holds a single image"),
    "h5 without a fitting dataset": (
        hdf5(z_mean=np.zeros((4, 2))),
        r"a\.h5 holds no dataset of images, .*It holds z_mean \(4, 2\) float64",
    ),
    "h5 with several": (
        hdf5(a=IMAGES, b=IMAGES),
        r"a\.h5 holds several datasets that could be the images: a, b\. Say which, as .*a\.h5::a",
    ),
    "h5 without that dataset": (
        named(hdf5(images=IMAGES), "imags"),
        r"a\.h5 holds no dataset 'imags'\. Did you mean 'images'\?",
    ),
    "no h5": (text("a.h5"), r"a\.h5 can't be read as an HDF5 file"),
}


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
    match = r"'mnist' is not at hand: .*mnist\.npz is not cached.*or use --data digits\."
    check_message(result.exit_code, result.stderr, match, last_only=True)
    assert result.stdout == ""
    assert not list(tmp_path.iterdir())
    assert not [path for path in home.rglob("*") if path.is_file()]


# runs


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
    ["encode", "--data", "digits", "--out", "z.h5"],
    ["decode", "z.h5", "--out", "a.h5"],
]


@pytest.mark.parametrize("command", RUN_COMMANDS)
def test_no_run_there(tmp_path, command):
    name, *options = command
    match = r"nowhere holds no run: there is no run\.json in it"
    refused(tmp_path, name, "nowhere", *options, match=match)


def test_resume_of_a_complete_run(run_folder):
    match = r"has done all of its 2 epochs; ask for more with --epochs"
    refused(run_folder, "resume", run_folder, match=match)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda folder: folder / "none.h5", r"no file .*none\.h5"),
        (text("z.h5"), r"z\.h5 is not an HDF5 file"),
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
        (["sample", "--out", "a.gif"], r"Pictures are PNG: end a\.gif in \.png"),
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


# a disk that is full


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


TRAIN = ["train", "--data", "digits", "--limit", "64", "--epochs", "1"]
NO_ROOM = r"No room left to write disk/.*\. Free some space, or choose another --out\."


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


def test_no_room_for_the_models_keeps_the_checkpoint(tmp_path, disk):
    disk("size=3m")
    result = CliRunner().invoke(main, [*TRAIN, "--out", "disk/run"], prog_name="vaekit")
    check_message(result.exit_code, result.stderr, r"No room left to write disk/run/VAE_\w+\.")
    assert not list(tmp_path.rglob(".writing-*"))
    for path in Path("disk/run").glob("VAE*"):
        assert keras.models.load_model(path)  # what is there is whole
    assert vaekit.load("disk/run").record["status"] == "failed"
    subprocess.run(["mount", "-o", "remount,size=20m", str(tmp_path / "disk")], check=True)
    result = CliRunner().invoke(main, ["resume", "disk/run"])
    assert result.exit_code == 0, result.output
    assert len(list(Path("disk/run").glob("VAE*"))) == 6
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


# processes of their own, for what is decided before Keras is imported

KIT = [sys.executable, "-m", "vaekit"]


def environment(**more):
    """This process's own, without what it made of it when it chose its backend."""
    ours = ("KERAS_BACKEND", "TF_CPP_MIN_LOG_LEVEL")
    return {name: value for name, value in os.environ.items() if name not in ours} | more


def process(folder, *command, match, env=None, **options):
    before = listing(folder)
    done = subprocess.run(
        [*command, *TRAIN, "--out", "run"],
        cwd=folder,
        env=environment(**(env or {})),
        capture_output=True,
        text=True,
        timeout=120,
        **options,
    )
    check_message(done.returncode, done.stderr, match)
    assert "Saved in" not in done.stdout
    assert listing(folder) == before


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


def test_unknown_backend_in_the_environment(tmp_path):
    match = r"no backend 'tensorfow': choose from tensorflow, jax, torch\."
    process(tmp_path, *KIT, match=match, env={"KERAS_BACKEND": "tensorfow"})


NOT_INSTALLED = """
import importlib.util, sys
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "jax" else found(name, *more)
class NoJax:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "jax":
            raise ModuleNotFoundError("No module named 'jax'", name="jax")
sys.meta_path.insert(0, NoJax())
from vaekit.cli import main
main(prog_name="vaekit")
"""


@pytest.mark.parametrize("how", ["option", "environment", "Keras's file"])
def test_backend_that_is_not_installed(tmp_path, tmp_path_factory, how):
    home = tmp_path_factory.mktemp("home")
    env, match = {}, r"The backend jax is not installed: pip install 'vaekit\[jax\]'\."
    script = NOT_INSTALLED
    if how == "environment":
        env = {"KERAS_BACKEND": "jax"}
    elif how == "option":
        script = script.replace('vaekit")', "vaekit\", args=[*sys.argv[1:], '--backend', 'jax'])")
    else:
        (home / "keras.json").write_text('{"backend": "jax"}')
        env, match = {"KERAS_HOME": str(home)}, r"Keras can't start its backend: No module .*'jax'"
    process(tmp_path, sys.executable, "-c", script, match=match, env=env)


def test_backend_of_a_run_that_is_not_installed(run_folder, tmp_path):
    """It also shows that a run goes on with its own backend, not with Keras's choice of today."""
    record = json.loads((run_folder / "run.json").read_text())
    record["config"]["backend"] = "jax"
    (tmp_path / "run.json").write_text(json.dumps(record))
    done = subprocess.run(
        [sys.executable, "-c", NOT_INSTALLED, "resume", str(tmp_path)],
        env=environment(),
        capture_output=True,
        text=True,
    )
    check_message(done.returncode, done.stderr, r"The backend jax is not installed: pip install")


def test_backend_when_another_is_running(tmp_path):
    other = "jax" if keras.backend.backend() != "jax" else "torch"
    args = ("train", "--backend", other, "--data", "digits", "--out", "run")
    match = rf"already running on {keras.backend.backend()} in this process.*{other}"
    refused(tmp_path, *args, match=match)
