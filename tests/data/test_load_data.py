from __future__ import annotations

import json

import numpy as np
import pytest

from vaekit.data import as_dataset, describe, fingerprint, load_data
from vaekit.errors import DataError, DataUnavailableError, OptionError, UnknownNameError
from vaekit.types import Dataset, Images


@pytest.fixture
def tiny(named, pixels):
    named(tiny=lambda: Dataset("x", Images(pixels(4, 8, 8, 3))), other=lambda: 1)


@pytest.mark.parametrize("name", ["tiny", "tiny@strange"])
def test_name(tiny, name):
    data = load_data(name)
    assert data.source == name
    assert data.stored == "uint8, 0..255"


def test_name_wins_over_a_path_without_separator(tiny, tmp_path, monkeypatch, write_idx, pixels):
    monkeypatch.chdir(tmp_path)
    for folder in ("tiny", "mine"):
        (tmp_path / folder).mkdir()
        write_idx(tmp_path / folder / "images-idx3-ubyte", pixels(2, 8, 8))
    assert len(load_data("tiny").train.pixels) == 4
    assert len(load_data("./tiny").train.pixels) == 2
    assert load_data("mine").source == "mine"
    assert len(load_data(tmp_path / "tiny").train.pixels) == 2


@pytest.mark.parametrize("name", ["tinny", "", "x" * 5000])
def test_unknown(tiny, name):
    with pytest.raises((UnknownNameError, DataError)) as error:
        load_data(name)
    if name == "tinny":
        assert str(error.value) == (
            "There is no data set 'tinny', nor a file or folder of that name. Did you mean 'tiny'?"
        )


def test_unknown_path(tiny):
    with pytest.raises(DataError, match="There is no file or folder"):
        load_data("nowhere/tiny")


def test_arrays(pixels):
    assert load_data((pixels(4, 8, 8), np.arange(4))).source == "array"


def test_size_and_grey_apply_to_every_source(tiny, pixels):
    data = load_data("tiny", image_size=(12, 16), gray=True)
    assert data.train.pixels.shape == (4, 12, 16, 1)
    assert data.train.pixels.dtype == np.uint8
    images = pixels(2, 16, 16, 5) / np.float32(255)
    found = load_data(images, image_size=(8, 8)).train.pixels
    assert found.shape == (2, 8, 8, 5)
    assert found.dtype == np.float32
    assert 0 <= found.min() <= found.max() <= 1
    np.testing.assert_allclose(found.mean(), images.mean(), atol=0.02)
    with pytest.raises(DataError, match="5 channels"):
        load_data(images, gray=True)


def test_grey_is_luma():
    pure = np.zeros((3, 8, 8, 3), np.uint8)
    for i in range(3):
        pure[i, ..., i] = 255
    for images in (pure, pure / 255):
        found = load_data(images, gray=True).train.pixels
        scale = 255 if found.dtype == np.uint8 else 1
        np.testing.assert_allclose(found[:, 0, 0, 0] / scale, [0.299, 0.587, 0.114], atol=2e-3)


def unavailable():
    raise DataUnavailableError("offline")


@pytest.mark.parametrize(
    ("factory", "error", "match"),
    [
        (lambda: 1, DataError, "'odd' of strange 1.2 failed: it gave a int, not a vaekit.Dataset"),
        (lambda: 1 / 0, DataError, "failed: division by zero. Tell its author"),
        (lambda: Dataset("x", np.zeros((2, 8, 8))), DataError, "failed"),
        (lambda: Dataset("x", Images(np.zeros((2, 8, 8)) - 1)), DataError, "images of odd hold"),
        (unavailable, DataUnavailableError, "^offline$"),
    ],
)
def test_odd_plugins(named, factory, error, match):
    named(odd=factory)
    with pytest.raises(error, match=match):
        load_data("odd")


def test_describe(pixels):
    x = pixels(5, 8, 9, 3)
    data = as_dataset(((x, [0, 0, 1, 1, 1]), (x[:2], [0, 1])))
    found = describe(data)
    assert found == {
        "source": "array",
        "train": {"count": 5, "shape": [8, 9, 3]},
        "test": {"count": 2, "shape": [8, 9, 3]},
        "type": "uint8, 0..255",
        "range": [0, 255],
        "classes": {"0": 2, "1": 3},
    }
    assert json.loads(json.dumps(found)) == found
    named = describe(data._replace(classes=("a", "b", "c")))["classes"]
    assert named == {"a": 2, "b": 3, "c": 0}
    bare = describe(as_dataset(x / 255))
    assert bare["test"] is bare["classes"] is None
    assert bare["range"] == [0.0, 1.0]
    json.dumps(bare)


def test_fingerprint(pixels):
    x, y = pixels(4, 8, 8), np.arange(4)
    one = fingerprint(as_dataset((x, y)))
    assert one == fingerprint(as_dataset((x.copy(), y.astype(np.uint8))))
    assert len(one) == 32
    changed = x.copy()
    changed[3, 7, 7] ^= 1
    others = [(changed, y), (x, y[::-1]), x, (x, x[:1]), ((x, y), (x, y)), x.reshape(2, 16, 8)]
    others.append(x / np.float32(255))
    digests = {one} | {fingerprint(as_dataset(data)) for data in others}
    assert len(digests) == 1 + len(others)


def test_options_reach_the_factory(named, pixels):
    def sized(count: int = 3, bright: bool = False) -> Dataset:
        """Images.

        Args:
            count: How many.
            bright: Whether they are white.
        """
        images = pixels(count, 8, 8)
        return Dataset("x", Images(np.full_like(images, 255) if bright else images))

    named(sized=sized)
    assert len(load_data("sized").train.pixels) == 3
    data = load_data("sized", options={"count": "5", "bright": True})
    assert len(data.train.pixels) == 5
    assert data.train.pixels.min() == 255
    with pytest.raises(OptionError, match=r"no option 'cuont'; it takes count=int.*Did you mean"):
        load_data("sized", options={"cuont": 5})
    with pytest.raises(OptionError, match="takes count=int, not 'many'"):
        load_data("sized", options={"count": "many"})


@pytest.mark.parametrize("source", ["path", "array"])
def test_options_are_for_registered_data_sets(tmp_path, write_idx, pixels, source):
    images = pixels(2, 8, 8)
    path = write_idx(tmp_path / "images-idx3-ubyte", images)
    with pytest.raises(OptionError, match=r"Only registered data sets take options.*drop a, b"):
        load_data(images if source == "array" else path, options={"a": 1, "b": 2})
    assert len(load_data(path, options={}).train.pixels) == 2
