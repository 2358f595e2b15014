"""Factors of images: which sources tell them, what they survive, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

import vaekit
from tests.cli.commands import cli
from vaekit.data import describe, fingerprint, load_data, read_images, split, take
from vaekit.errors import DataError

DSPRITES = {"color": 1, "shape": 3, "scale": 6, "orientation": 40, "posX": 32, "posY": 32}


def numbered(count: int = 30) -> vaekit.Images:
    """Images whose every pixel is 8 x their own number, which is factor and label."""
    numbers = np.arange(count)
    pixels = np.tile(8 * numbers.astype(np.uint8)[:, None, None], (1, 8, 8))
    factors = np.stack([numbers, numbers % 3], axis=1)
    return vaekit.Images(pixels, numbers, factors=factors)


def mine(**changes) -> vaekit.Dataset:
    return vaekit.Dataset(
        "mine", numbered()._replace(**changes), factors={"number": 30, "remainder": 3}
    )


def test_shapes_tells_what_it_drew():
    dataset = load_data("shapes", options={"images": 40, "test_images": 10})
    assert dataset.factors == {"shape": 3, "size": 6, "angle": 40, "x": 32, "y": 32}
    assert dataset.train.factors.shape == (40, 5)
    for images in (dataset.train, dataset.test):
        np.testing.assert_array_equal(images.factors[:, 0], images.labels)
        lit = images.pixels[..., 0].astype(float)
        down = (lit.sum(2) @ np.arange(64)) / lit.sum((1, 2))
        assert np.corrcoef(down, images.factors[:, 4])[0, 1] > 0.99


@pytest.mark.parametrize("image_size", [None, 12])
def test_they_stay_with_their_images(image_size):
    dataset = load_data(mine(), image_size=image_size)
    train, held = split(dataset, share=0.2, seed=5, limit=4)
    few = take(train, np.array([2, 0]))
    assert len(train.factors) == len(held.factors) == 4
    for images in (train, held, few):
        numbers = images.pixels[:, 4, 4, 0] // 8
        np.testing.assert_array_equal(images.factors, np.stack([numbers, numbers % 3], axis=1))
    assert dataset.factors == {"number": 30, "remainder": 3}


def test_they_have_names_and_sizes_where_a_source_gives_none():
    train, test = numbered(9), numbered(20)
    dataset = load_data(vaekit.Dataset("mine", train, test))
    assert dataset.factors == {"factor_1": 20, "factor_2": 3}
    assert load_data(train).factors == {"factor_1": 9, "factor_2": 3}


@pytest.mark.parametrize(
    ("pixels", "factors"),
    [("images", "factors"), ("x_train", "factors_train"), ("train_images", "train_factors")],
)
def test_npz(tmp_path, pixels, factors):
    images = numbered()
    np.savez(tmp_path / "a.npz", **{pixels: images.pixels, factors: images.factors})
    dataset = read_images(tmp_path / "a.npz")
    np.testing.assert_array_equal(dataset.train.factors, images.factors)
    assert dataset.factors == {"factor_1": 30, "factor_2": 3}


def dsprites_like(path, classes) -> None:
    """What dSprites' own file holds, of which `metadata` is a pickle."""
    np.savez_compressed(
        path,
        imgs=np.random.default_rng(0).integers(0, 2, (len(classes), 64, 64), np.uint8),
        latents_classes=classes,
        latents_values=classes / 2,
        metadata=np.array({"latents_names": ("color",)}, object),
    )


def test_npz_of_dsprites(tmp_path):
    classes = np.random.default_rng(1).integers(0, list(DSPRITES.values()), (20, 6))
    dsprites_like(tmp_path / "a.npz", classes)
    dataset = read_images(tmp_path / "a.npz")
    assert dataset.factors == DSPRITES
    np.testing.assert_array_equal(dataset.train.factors, classes)
    assert dataset.stored == "uint8, 0 and 1"


def test_npz_of_others_in_the_layout_of_dsprites(tmp_path):
    dsprites_like(tmp_path / "a.npz", np.array([[0, 7], [1, 2]]))
    assert read_images(tmp_path / "a.npz").factors == {"factor_1": 2, "factor_2": 8}
    dsprites_like(tmp_path / "b.npz", np.full((2, 6), 4))
    assert set(read_images(tmp_path / "b.npz").factors.values()) == {5}


@pytest.mark.parametrize("named", [False, True])
def test_hdf5(tmp_path, named):
    h5py = pytest.importorskip("h5py")
    images = numbered()
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["images"], file["factors"] = images.pixels, images.factors
    path = f"{tmp_path / 'a.h5'}::images" if named else tmp_path / "a.h5"
    np.testing.assert_array_equal(read_images(path).train.factors, images.factors)


@pytest.mark.parametrize(
    ("factors", "match"),
    [
        (np.zeros((29, 2), int), "train factors of mine are those of 29 images, but there are 30"),
        (np.zeros(30, int), r"have the shape \(30,\); give \(N, F\)"),
        (np.zeros((30, 0), int), r"have the shape \(30, 0\)"),
        (np.full((30, 2), -1), "hold -1. Number each factor's values from 0"),
        (np.full((30, 2), 0.5), "of type float64, not whole numbers"),
        (np.full((30, 2), np.nan), "not whole numbers"),
        (np.full((30, 2), "a"), "not whole numbers"),
        (np.full((30, 2), 3), "factor 'remainder' of mine goes up to 3, beyond its size of 3"),
        (np.zeros((30, 3), int), "have 3 factors, and the names are number, remainder"),
        (None, r"mine names factors \(number, remainder\), and no image tells them"),
    ],
)
def test_bad_factors(factors, match):
    with pytest.raises(DataError, match=match):
        load_data(mine(factors=factors))


def test_splits_of_different_factors():
    with pytest.raises(DataError, match="have 2 factors, its test images 1"):
        load_data(
            vaekit.Dataset("mine", numbered(), numbered()._replace(factors=np.ones((30, 1), int)))
        )


def test_whole_floats_are_taken():
    factors = load_data(mine(factors=np.ones((30, 2), "float16"))).train.factors
    assert factors.dtype == np.int64


def test_a_run_knows_its_images_whether_or_not_they_tell_factors():
    with_factors = load_data(mine())
    without = load_data(vaekit.Dataset("mine", numbered()._replace(factors=None)))
    assert fingerprint(with_factors) == fingerprint(without)


def test_they_are_named(tmp_path):
    assert describe(load_data(mine()))["factors"] == {"number": 30, "remainder": 3}
    np.savez(tmp_path / "a.npz", images=numbered().pixels, factors=numbered().factors)
    shown = json.loads(cli("data", "info", tmp_path / "a.npz", "--json"))
    assert shown["factors"] == {"factor_1": 30, "factor_2": 3}
