"""Images that stay in their file train as those in memory do, to the last bit."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys

import h5py
import keras
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import vaekit
from tests import small_nets
from tests.resume.runs import KillAt, Killed, result
from tests.small_nets import SMALL_NETS
from vaekit.cli import main
from vaekit.data import Budget, StoredPixels, describe, fingerprint, load_data, split
from vaekit.engine import HELD
from vaekit.errors import DataError, OptionError, RunError, UserError

SIZE, BATCH, BUDGET = (9, 8), 8, 2400  # bytes: fewer than the images', enough for four batches
SMALL = {
    "batch_size": BATCH,
    "epochs": 2,
    "augment": "flip,shift",
    **SMALL_NETS,
    "step_log": True,
    "progress": False,
}


def pixels(count=44, channels=1, seed=0):
    shape = (count, *SIZE, channels) if channels > 1 else (count, *SIZE)
    made = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    made.flat[0], made.flat[-1] = 0, 255
    return made


def hdf5(path, **options):
    with h5py.File(path, "w") as file:
        file.create_dataset("images", data=pixels(), **options)
        file["labels"] = np.arange(44) % 3
    return path


def idx(path, array):
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    path.write_bytes(head + array.tobytes())


def idx_folder(path):
    path.mkdir()
    idx(path / "train-images-idx3-ubyte", pixels())
    idx(path / "train-labels-idx1-ubyte", np.arange(44, dtype=np.uint8) % 4)
    idx(path / "t10k-images-idx3-ubyte", pixels(12, seed=1))
    return path


def image_folder(path):
    for number, image in enumerate(pixels(40)):
        place = path / "ab"[number % 2] / f"{number:02}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(place)
    Image.fromarray(pixels(1, 3)[0]).save(path / "b" / "colour.png")
    return path


def floats(path):
    with h5py.File(path, "w") as file:
        file["x_train"] = pixels() / 200.0
        file["x_test"] = pixels(12, seed=1) / 100.0
    return path


def masks(path):
    with h5py.File(path, "w") as file:
        file["images"] = pixels() > 128
    return path


SOURCES = {
    "flat.h5": hdf5,
    "chunked.h5": lambda path: hdf5(path, chunks=(5, 9, 8), compression="gzip"),
    "floats.h5": floats,
    "masks.h5": masks,
    "idx": idx_folder,
    "images": image_folder,
}


@pytest.fixture(scope="module", params=SOURCES)
def source(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("sources") / request.param
    return SOURCES[request.param](path)


@pytest.mark.parametrize("change", [{}, {"image_size": (8, 10), "gray": True}])
def test_stored_images_are_those_in_memory(source, change):
    whole = load_data(source, **change)
    stored = load_data(source, **change, budget=Budget(BUDGET))
    assert isinstance(stored.train.pixels, StoredPixels)
    assert fingerprint(stored) == fingerprint(whole)
    assert describe(stored) == describe(whole)
    for limit in (None, 7):
        parts = zip(
            split(stored, share=0.2, seed=1, limit=limit),
            split(whole, share=0.2, seed=1, limit=limit),
            strict=True,
        )
        for some, all_of in parts:
            assert (some.pixels.shape, some.pixels.dtype) == (
                all_of.pixels.shape,
                all_of.pixels.dtype,
            )
            for which in (
                slice(None),
                slice(-3, None),
                2,
                -1,
                [5, 0, 5],
                slice(6, 1, -2),
                slice(0),
            ):
                np.testing.assert_array_equal(some.pixels[which], all_of.pixels[which])
            np.testing.assert_array_equal(some.labels, all_of.labels)


def train(source, out, **more):
    return vaekit.train(data=str(source), out=str(out), **{**SMALL, **more})


# What a source's images are is compared above, for each; these two scale theirs in different ways.
@pytest.mark.backend
@pytest.mark.parametrize("source", ["floats.h5", "images"], indirect=True)
def test_training_is_that_in_memory_to_the_last_bit(source, tmp_path):
    whole = train(source, tmp_path / "whole", limit=35)
    budget = {"floats.h5": 10_000, "images": 7000}.get(source.name, BUDGET)
    stored = train(source, tmp_path / "stored", limit=35, data_budget=budget)
    assert stored.record.data == whole.record.data
    assert result(stored) == result(whole)


def cut(source, out, steps):
    with pytest.raises(Killed):
        train(source, out, data_budget=BUDGET, checkpoint_every="2steps", callbacks=[KillAt(steps)])


@pytest.fixture(scope="module")
def flat(tmp_path_factory):
    """A file, and a run that had all of it in memory."""
    folder = tmp_path_factory.mktemp("flat")
    source = hdf5(folder / "flat.h5")
    return source, train(source, folder / "whole")


@pytest.mark.backend
def test_cut_in_an_epoch_and_resumed_is_uncut(flat, tmp_path):
    source, whole = flat
    cut(source, tmp_path / "cut", 7)
    assert result(vaekit.resume(tmp_path / "cut", progress=False)) == result(whole)


@pytest.mark.backend
@pytest.mark.skipif(keras.backend.backend() != "jax", reason="elsewhere the numbers are the same")
def test_on_jax_and_a_gpu_a_run_goes_on_where_its_images_were(flat, tmp_path, monkeypatch):
    """There, a loop over images from a file is another program, which rounds otherwise."""
    monkeypatch.setattr("keras.distribution.list_devices", lambda: ["gpu:0"])
    source, _ = flat
    whole = train(source, tmp_path / "whole")
    stored = train(source, tmp_path / "stored", data_budget=BUDGET)
    for name in ("loss", "val_loss"):
        ours, theirs = ([row[name] for row in run.history] for run in (stored, whole))
        np.testing.assert_allclose(ours, theirs, rtol=1e-2)
    cut(source, tmp_path / "cut", 3)
    with pytest.raises(RunError, match="data_budget: was streamed, is held"):
        train(source, tmp_path / "cut", resume=True, data_budget="1GB")
    assert result(vaekit.resume(tmp_path / "cut", progress=False)) == result(stored)


@pytest.mark.backend
def test_resumed_in_memory_is_uncut(flat, tmp_path):
    """A budget is no change that has to be allowed."""
    source, whole = flat
    cut(source, tmp_path / "cut", 3)
    again = train(source, tmp_path / "cut", resume=True, data_budget="1GB")
    assert result(again) == result(whole)


def test_evaluation_encoding_and_pictures_stream(flat, tmp_path):
    source, whole = flat
    stored = train(source, tmp_path / "stored", data_budget=BUDGET)
    assert isinstance(stored.dataset().train.pixels, StoredPixels)
    assert stored.evaluate() == whole.evaluate()
    assert stored.evaluate(limit=3) == whole.evaluate(limit=3)
    from vaekit import figures, inference

    for run in (whole, stored):
        inference.encode_to_file(run, [run.dataset().train], run.path / "z.h5")
        figures.save_figure(figures.draw_latent_map(run, run.dataset().train), run.path / "z.png")
    assert (stored.path / "z.png").read_bytes() == (whole.path / "z.png").read_bytes()
    with h5py.File(stored.path / "z.h5") as some, h5py.File(whole.path / "z.h5") as other:
        np.testing.assert_array_equal(some["z_mean"], other["z_mean"])


def test_says_that_it_streams(flat, tmp_path, capsys):
    source, _ = flat
    train(source, tmp_path / "run", epochs=1, data_budget="2.4kB", progress=True)
    said = capsys.readouterr().out
    assert f"{source} holds more images than the data budget of 2.4KB" in said


def test_diverged_step_is_found_again(flat, tmp_path):
    source, _ = flat
    with pytest.raises(vaekit.UserError, match="diverged"):
        train(source, tmp_path / "run", learning_rate=1e30, data_budget=BUDGET)
    from vaekit import api

    assert api.debug_step(tmp_path / "run").first_bad


def test_file_cut_while_training(tmp_path):
    source = hdf5(tmp_path / "flat.h5")

    class Cut(KillAt):
        def on_epoch_end(self, epoch, logs=None):
            with source.open("r+b") as file:
                file.truncate(3000)

    with pytest.raises(DataError, match=f"{source} ends before the last of its 44 images"):
        train(source, tmp_path / "run", data_budget=BUDGET, callbacks=[Cut(99)])
    assert vaekit.load(tmp_path / "run").record.status == "failed"


def test_image_gone_while_training(tmp_path):
    source = image_folder(tmp_path / "images")

    class Lose(KillAt):
        def on_epoch_end(self, epoch, logs=None):
            for path in source.glob("a/*.png"):
                path.unlink()

    with pytest.raises(
        DataError, match=rf"{source}/a/\d\d\.png can't be .*: there is no such file"
    ):
        train(source, tmp_path / "run", data_budget=7000, callbacks=[Lose(99)])


def test_images_that_differ_in_size_come_before_training(tmp_path):
    source = image_folder(tmp_path / "images")
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(source / "b" / "z.png")
    with pytest.raises(
        DataError, match=r"differ in size .*: 41 of 9x8 as a/00\.png, 1 of 9x9 as b/z\.png"
    ):
        load_data(source, budget=Budget(BUDGET))


def test_turned_photographs_stream_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    for number, image in enumerate(pixels(4)):
        Image.fromarray(image).save(tmp_path / f"{number}.jpg", exif=exif)
    stored = load_data(tmp_path, budget=Budget(10)).train.pixels
    assert stored.shape == (4, 8, 9, 1)
    np.testing.assert_array_equal(stored[:], load_data(tmp_path).train.pixels)


def test_nan_is_found_wherever_it_is(tmp_path):
    values = np.zeros((44, *SIZE), np.float32)
    values[40, 2, 3] = np.nan
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["images"] = values
    with pytest.raises(DataError, match="1 values that are NaN or infinite, the first in image 40"):
        load_data(tmp_path / "a.h5", budget=Budget(BUDGET))


@pytest.mark.parametrize(
    ("name", "remedy"), [("a.npz", "Save the images as HDF5"), ("images-idx3-ubyte.gz", "gunzip")]
)
def test_what_cannot_stream_says_what_to_do(tmp_path, name, remedy):
    path = tmp_path / name
    if name.endswith("npz"):
        np.savez(path, x_train=pixels())
    else:
        idx(tmp_path / "plain", pixels())
        import gzip

        path.write_bytes(gzip.compress((tmp_path / "plain").read_bytes()))
    with pytest.raises(DataError, match=f"more than the data budget of 2.4KB.*{remedy}"):
        load_data(path, budget=Budget(BUDGET, given=True))
    assert len(load_data(path, budget=Budget(BUDGET)).train.pixels) == 44


@pytest.mark.parametrize("text", ["4XB", "big", "-1GB", "4GB!", "1e9", "", "GB"])
def test_size_that_is_none(text):
    with pytest.raises(OptionError, match=r"data_budget can't be .*give a size like 500MB"):
        vaekit.TrainConfig.checked({"data_budget": text})


@pytest.mark.parametrize(
    ("text", "count"), [("4GB", 4 * 10**9), ("1.5GiB", 3 * 2**29), ("500mb", 5 * 10**8), (7, 7)]
)
def test_sizes(text, count):
    assert vaekit.TrainConfig.checked({"data_budget": text}).data_budget == count


def test_budget_below_some_batches_is_a_sentence(flat, tmp_path):
    source, _ = flat
    needed = HELD * BATCH * 9 * 8
    told = r"4 batches .* take 2,304 bytes, and the data budget of 2\.3KB is 2,303"
    with pytest.raises(UserError, match=told):
        train(source, tmp_path / "run", data_budget=needed - 1)
    line = ["train", "--data", str(source), "--data-budget", "100B", "--out", str(tmp_path / "run")]
    found = CliRunner().invoke(main, line)
    assert found.exit_code == 2
    assert "larger --data-budget" in found.output
    assert not (tmp_path / "run").exists()


def test_a_process_says_why_it_streams_and_nothing_of_other_libraries(tmp_path):
    with h5py.File(tmp_path / "images.h5", "w") as file:
        file["images"] = np.random.default_rng(0).integers(0, 256, (200, 8, 8), dtype="uint8")
    line = ["train", "--data", "images.h5", "--data-budget", "9kB", "--epochs", "1", "--verbose"]
    small = ["--plugin", small_nets.__file__, "--encoder", "small", "--decoder", "small"]
    done = subprocess.run(
        [sys.executable, "-m", "vaekit", *line, *small, "--out", "run"],
        cwd=tmp_path,
        env={**os.environ, "KERAS_BACKEND": "tensorflow"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(
        r"^data +streamed +0\.0 MiB as uint8: more than --data-budget$", done.stdout, re.M
    )


MEMORY = """
import resource, sys
import vaekit
from vaekit import figures
figures.draw_figures = lambda *_, **__: []
source, out = sys.argv[1:]
small = {"width": 4}
vaekit.train(data=source, out=out, batch_size=1000, epochs=1, limit=2000, data_budget="7MB",
             progress=False, encoder_opt=small, decoder_opt=small)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.slow
def test_memory_is_constant(tmp_path):
    """A real process and a file of 3 GB, most of it a hole: all of it is checked, and split."""
    peaks = []
    for count in (10_000, 3_800_000):
        path = tmp_path / f"{count}.h5"
        with h5py.File(path, "w") as file:
            plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            plan.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
            plan.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
            space = h5py.h5s.create_simple((count, 28, 28))
            images = h5py.h5d.create(file.id, b"images", h5py.h5t.NATIVE_UINT8, space, plan)
            start = images.get_offset()
        with path.open("r+b") as raw:  # of one colour, they would be refused
            for number in range(0, count, 500):
                os.pwrite(raw.fileno(), bytes([200]) * 784, start + number * 784)
        line = [sys.executable, "-c", MEMORY, str(path), str(tmp_path / f"{count}")]
        done = subprocess.run(line, capture_output=True, text=True, timeout=600, check=True)
        peaks.append(int(done.stdout.split()[-1]))
    assert peaks[1] - peaks[0] < 150, f"{peaks} MB"


def test_grain_is_imported_to_stream_only(tmp_path):
    code = (
        f"import sys, vaekit; vaekit.load_plugin({small_nets.__file__!r}); "
        "vaekit.train('small', 'small', data='digits', limit=8, batch_size=4, epochs=1, "
        f"out={str(tmp_path / 'run')!r}, progress=False); sys.exit('grain' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=300).returncode == 0


@pytest.mark.parametrize("data", ["digits", np.zeros((40, 8, 8), "uint8")], ids=["named", "array"])
def test_a_budget_below_images_that_are_held_is_refused(tmp_path, data):
    with pytest.raises(DataError, match=r"more than the data budget of 2.0KB.*in an HDF5 file"):
        vaekit.train(data=data, data_budget="2kB", out=str(tmp_path / "run"), progress=False)
    assert not (tmp_path / "run").exists()
