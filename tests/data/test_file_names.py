"""Images keep the names of their files, through splits, limits and streaming."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from vaekit.data import Budget, fingerprint, load_data, split
from vaekit.errors import DataError
from vaekit.types import Dataset, Images


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for number, name in enumerate(("train/b/10.png", "train/b/9.png", "train/a/x y.png")):
        save(folder / name, number)
    save(folder / "test" / "b" / "deep" / "猫.png", 9)
    return folder


def save(path, grey):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((8, 8), grey, np.uint8)).save(path)


@pytest.mark.parametrize("budget", [None, Budget(100)])
def test_paths_within_the_source_in_its_order(folder, budget):
    dataset = load_data(folder, budget=budget)
    assert dataset.train.files.tolist() == ["train/a/x y.png", "train/b/10.png", "train/b/9.png"]
    assert dataset.train.pixels[:][:, 0, 0, 0].tolist() == [2, 0, 1]
    assert dataset.test.files.tolist() == ["test/b/deep/猫.png"]


def test_a_split_keeps_each_name_beside_its_image(folder):
    whole = load_data(folder / "train")
    of = dict(zip(whole.train.files, whole.train.pixels[:, 0, 0, 0], strict=True))
    for part in split(whole, share=0.4, seed=0):
        for file, image in zip(part.files, part.pixels, strict=True):
            assert of[file] == image[0, 0, 0]


def test_a_single_file_has_its_name_and_arrays_have_none(folder):
    assert load_data(folder / "train" / "b" / "9.png").train.files.tolist() == ["9.png"]
    assert load_data(np.zeros((2, 8, 8))).train.files is None


def test_a_renamed_file_is_no_other_data():
    pixels = np.zeros((2, 8, 8, 1), np.uint8)
    some, others = (Dataset("x", Images(pixels, files=names)) for names in (["a", "b"], ["c", "d"]))
    assert fingerprint(some) == fingerprint(others)


def test_names_of_other_images_are_refused():
    images = Images(np.zeros((2, 8, 8, 1), np.uint8), files=np.array(["a.png"]))
    with pytest.raises(DataError, match="train files of mine are 1, but there are 2 images"):
        load_data(Dataset("mine", images))
