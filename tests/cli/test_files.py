"""`vaekit encode` and `vaekit decode`."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import vaekit
from tests.cli.commands import cli
from vaekit.cli import main


@pytest.fixture(scope="module")
def digits_set():
    return vaekit.load_data("digits")


def h5(path):
    with h5py.File(path) as file:
        return {name: file[name][()] for name in file}


def test_encode_keeps_the_order_of_the_source(run, run_folder, digits_set, tmp_path):
    out = tmp_path / "latents.h5"
    said = cli("encode", run_folder, "--data", "digits", "--out", out)
    assert said == f"{out}: z_mean and z_log_var of 1797 images\n"
    held = h5(out)
    assert set(held) == {"index", "label", "labels", "z_mean", "z_log_var"}
    assert held["z_mean"].shape == held["z_log_var"].shape == (1797, 2)
    assert held["z_mean"].dtype == held["z_log_var"].dtype == np.float32
    expected = run.encode(digits_set.train.pixels)
    np.testing.assert_allclose(held["z_mean"], expected.z_mean, atol=1e-4)
    np.testing.assert_allclose(held["z_log_var"], expected.z_log_var, atol=1e-4)
    np.testing.assert_array_equal(held["labels"], digits_set.train.labels)


@pytest.mark.parametrize(
    ("split", "which"),
    [((), slice(42)), (("--split", "train"), slice(30)), (("--split", "test"), slice(30, 42))],
)
def test_encode_split(run, run_folder, split_npz, tmp_path, split, which):
    cli("encode", run_folder, "--data", split_npz, "--out", tmp_path / "z.h5", *split)
    held = h5(tmp_path / "z.h5")
    with np.load(split_npz) as source:
        images = np.concatenate([source["x_train"], source["x_test"]])[which]
    np.testing.assert_allclose(held["z_mean"], run.encode(images).z_mean, atol=1e-4)
    np.testing.assert_array_equal(held["labels"], (np.arange(42) % 10)[which])


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Two classes of two files each, some of their names in other scripts."""
    folder = tmp_path_factory.mktemp("photos")
    pixels = np.random.default_rng(0).integers(0, 256, (4, 8, 8), np.uint8)
    for name, image in zip(FILES, pixels, strict=True):
        (folder / name).parent.mkdir(exist_ok=True)
        Image.fromarray(image).save(folder / name)
    return folder


FILES = ["cat/a.png", "cat/ש, ב.png", "犬/1.png", "犬/2.png"]
LABELS = ["cat", "cat", "犬", "犬"]


@pytest.mark.parametrize(("name", "read"), [("z.csv", "read_csv"), ("z.parquet", "read_parquet")])
def test_encode_names_each_row_for_pandas(run, run_folder, photos, tmp_path, name, read):
    import pandas as pd

    cli("encode", run_folder, "--data", photos, "--out", tmp_path / name)
    frame = getattr(pd, read)(tmp_path / name)
    fields = [f"{what}_{n}" for what in ("z_mean", "z_log_var") for n in (0, 1)]
    assert list(frame) == ["file", "label", *fields]
    assert (frame["file"].tolist(), frame["label"].tolist()) == (FILES, LABELS)
    expected = np.concatenate(run.encode(run.dataset(photos).train), axis=1)
    np.testing.assert_allclose(frame[fields], expected, atol=1e-5)


def test_encode_names_each_row_for_h5py_and_numpy(run, run_folder, photos, tmp_path):
    for name in ("z.h5", "z.npz"):
        cli("encode", run_folder, "--data", photos, "--out", tmp_path / name)
    with h5py.File(tmp_path / "z.h5") as file, np.load(tmp_path / "z.npz") as arrays:
        assert set(file) == set(arrays) == {"file", "label", "labels", "z_mean", "z_log_var"}
        for name, texts in (("file", FILES), ("label", LABELS)):
            assert file[name].asstr()[()].tolist() == arrays[name].tolist() == texts
        for name in ("z_mean", "z_log_var", "labels"):
            np.testing.assert_array_equal(file[name], arrays[name])
        assert arrays["labels"].tolist() == [0, 0, 1, 1]


def test_encode_without_labels(run_folder, tmp_path, digits):
    np.savez(tmp_path / "a.npz", images=digits)
    cli("encode", run_folder, "--data", tmp_path / "a.npz", "--out", tmp_path / "z.h5")
    assert set(h5(tmp_path / "z.h5")) == {"index", "z_mean", "z_log_var"}


def test_decode_what_encode_wrote(run, run_folder, tmp_path):
    cli("encode", run_folder, "--data", "digits", "--out", tmp_path / "z.h5")
    out = tmp_path / "images.h5"
    said = cli("decode", run_folder, tmp_path / "z.h5", "--out", out)
    assert said == f"{out}: 1797 images, float32\n"
    images = h5(out)["images"]
    assert (images.shape, images.dtype) == ((1797, 8, 8, 1), np.float32)
    np.testing.assert_allclose(images, run.decode(h5(tmp_path / "z.h5")["z_mean"]), atol=1e-5)


@pytest.mark.parametrize("name", ["pictures", "one.png"])
def test_decode_into_pictures(run, run_folder, tmp_path, name):
    z = np.random.default_rng(0).standard_normal((3 if name == "pictures" else 1, 2))
    with h5py.File(tmp_path / "z.h5", "w") as file:
        file["z_mean"] = z
    said = cli("decode", run_folder, tmp_path / "z.h5", "--out", tmp_path / name)
    assert said == f"{tmp_path / name}: {len(z)} images, PNG of 8 bits a channel\n"
    shown = vaekit.read_images(tmp_path / name).train
    assert shown.files.tolist() == [["one.png"], ["0.png", "1.png", "2.png"]][len(z) > 1]
    np.testing.assert_array_equal(shown.pixels, np.rint(run.decode(z).clip(0, 1) * 255))


def test_decode_named_dataset(run, run_folder, tmp_path):
    z = np.random.default_rng(0).standard_normal((5, 2))
    with h5py.File(tmp_path / "z.h5", "w") as file:
        file["z_mean"] = np.zeros((3, 2))
        file["mine"] = z
    cli("decode", run_folder, f"{tmp_path / 'z.h5'}::mine", "--out", tmp_path / "a.h5")
    np.testing.assert_allclose(h5(tmp_path / "a.h5")["images"], run.decode(z), atol=1e-6)


def test_decode_in_tiles_takes_maps(run_folder, tmp_path):
    cli("encode", run_folder, "--data", "digits", "--out", tmp_path / "z.h5")
    out = tmp_path / "images.h5"
    how = ["decode", str(run_folder), str(tmp_path / "z.h5"), "--tile", "4", "--out", str(out)]
    result = CliRunner().invoke(main, how)
    assert result.exit_code == 2
    assert "Only a map of latents can be decoded in tiles" in result.stderr
    assert not out.exists()
