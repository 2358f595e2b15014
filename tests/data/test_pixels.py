from __future__ import annotations

import numpy as np
import pytest

from vaekit.data import as_dataset
from vaekit.errors import DataError
from vaekit.types import Dataset, Images

RAMP = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)


@pytest.mark.parametrize(
    ("array", "expected", "stored"),
    [
        (RAMP, RAMP, "uint8, 0..255"),
        (RAMP.astype(np.int64), RAMP, "int64, 0..255"),
        (RAMP.astype(np.uint16), RAMP, "uint16, 0..255"),
        (RAMP > 9, (RAMP > 9) * np.uint8(255), "bool, 0 and 1"),
        ((RAMP > 9).astype(np.uint8), (RAMP > 9) * np.uint8(255), "uint8, 0 and 1"),
        ((RAMP > 9).astype(np.int32), (RAMP > 9) * np.uint8(255), "int32, 0 and 1"),
        (RAMP.astype(np.uint16) * 257, RAMP / np.float32(255), "uint16, 0..65535"),
        (RAMP.astype(np.float64), RAMP / np.float32(255), "float64, 0..255"),
        (RAMP.astype(np.float16), RAMP / np.float32(255), "float16, 0..255"),
        (RAMP / 255, RAMP / np.float32(255), "float64, 0..1"),
        ((RAMP / 255).astype(">f4"), RAMP / np.float32(255), ">f4, 0..1"),
    ],
)
def test_types(array, expected, stored):
    data = as_dataset(array)
    found = data.train.pixels
    assert found.shape == (1, 16, 16, 1)
    assert found.dtype == expected.dtype
    assert found.dtype.isnative
    np.testing.assert_allclose(found[..., 0], expected, rtol=1e-6)
    assert data.stored == stored


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 13])
def test_any_channel_count(pixels, channels):
    assert as_dataset(pixels(2, 8, 9, channels)).train.pixels.shape == (2, 8, 9, channels)


def test_regular_pixels_are_not_copied(pixels):
    images = pixels(3, 8, 8, 1)
    assert as_dataset(images).train.pixels is images or np.shares_memory(
        as_dataset(images).train.pixels, images
    )


@pytest.mark.parametrize(
    ("array", "match"),
    [
        (RAMP - 1.0, "values from -1 to 254"),
        (RAMP * 2.0, "values from 0 to 510, which is neither 0..1 nor 0..255"),
        (RAMP / 250.0, "values from 0 to 1.02"),
        (RAMP.astype(np.int16) - 1, "values from -1"),
        (RAMP.astype(np.int32) * 9, "values from 0 to 2295"),
        (RAMP.astype(object), "of type object"),
        (RAMP.astype(str), "of type <U"),
        (RAMP.astype(complex), "of type complex128"),
        (np.zeros((0, 8, 8)), "are empty"),
        (np.zeros((3, 8, 8, 0)), "are empty"),
        (np.zeros((3, 7, 8)), r"\(3, 7, 8, 1\): 7x8 pixels, smaller than 8x8"),
        (np.zeros((3, 3, 32, 32)), "moveaxis"),
        (np.zeros((3, 64)), r"\(3, 64\); give"),
        (np.zeros(()), "give"),
        (np.zeros((1, 1, 8, 8, 1)), "give"),
        ("text", "of type"),
        (None, "of type object"),
        ([], "no data"),
        (([[1], [2, 3]], 1, 2), "no data"),
    ],
)
def test_refused(array, match):
    with pytest.raises(DataError, match=match):
        as_dataset(array)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_not_finite(value, dtype):
    images = np.zeros((5, 8, 8, 2), dtype)
    images[3, 1, 2, 0] = images[4, 0, 0, 1] = value
    with pytest.raises(DataError, match=r"train images of the array hold 2 values .*in image 3 "):
        as_dataset(images)


def test_not_finite_in_test():
    images = np.zeros((5, 8, 8))
    with pytest.raises(DataError, match=r"The test images .* 64 values .*image 0"):
        as_dataset((images, np.full((1, 8, 8), np.nan)))


def test_splits_share_one_scale():
    data = as_dataset((RAMP.astype(float), np.ones((1, 16, 16))))
    np.testing.assert_allclose(data.test.pixels, 1 / 255)


def test_splits_of_two_types_become_float():
    data = as_dataset((RAMP, RAMP / 255))
    assert data.train.pixels.dtype == data.test.pixels.dtype == np.float32
    np.testing.assert_allclose(data.train.pixels, data.test.pixels, rtol=1e-6)
    assert data.stored == "uint8, 0..255 and float64, 0..1"


def test_splits_of_two_shapes(pixels):
    with pytest.raises(DataError, match=r"train images .* are 8x8x1, its test images 8x9x1"):
        as_dataset((pixels(2, 8, 8), pixels(2, 8, 9)))


def test_pairs(pixels):
    x, y = pixels(4, 8, 8), np.arange(4)
    assert as_dataset((x, y)).train.labels.tolist() == [0, 1, 2, 3]
    assert as_dataset([x, [4, 5, 6, 7]]).train.labels.tolist() == [4, 5, 6, 7]
    assert as_dataset((x, y[:, None])).train.labels.shape == (4,)
    assert as_dataset((x, None)).train.labels is None
    assert as_dataset((x, x[:2])).test.pixels.shape == (2, 8, 8, 1)
    assert as_dataset(Images(x, y)).test is None
    both = as_dataset(((x, y), (x[:2], y[:2])))
    assert both.source == "array"
    assert both.test.labels.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("labels", "match"),
    [
        (np.arange(3), "The train labels of the array are 3, but there are 4 images"),
        (np.array([0, 1, 2, 0.5]), "not whole numbers"),
        (np.array([0, 1, 2, np.nan]), "not whole numbers"),
        (np.array([0, 1, 2, np.inf]), "not whole numbers"),
        (np.array(["a", "b", "c", "d"]), "not whole numbers"),
        (np.eye(4), r"shape \(4, 4\)"),
    ],
)
@pytest.mark.filterwarnings("error::RuntimeWarning:vaekit")
def test_labels_refused(pixels, labels, match):
    with pytest.raises(DataError, match=match):
        as_dataset((pixels(4, 8, 8), labels))


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float32", "bool"])
def test_labels_become_int64(pixels, dtype):
    labels = as_dataset((pixels(2, 8, 8), np.array([1, 0], dtype))).train.labels
    assert labels.dtype == np.int64
    assert labels.tolist() == [1, 0]


def test_labels_need_not_count_from_zero(pixels):
    assert as_dataset((pixels(2, 8, 8), [-3, 900])).train.labels.tolist() == [-3, 900]


def test_dataset_is_checked_but_kept(pixels):
    data = Dataset("mine", Images(pixels(2, 8, 8, 1), np.array([0, 1])), classes=("a", "b"))
    found = as_dataset(data)
    assert (found.source, found.classes) == ("mine", ("a", "b"))
    assert np.shares_memory(found.train.pixels, data.train.pixels)
    assert found.stored == "uint8, 0..255"


def test_labels_beyond_the_classes(pixels):
    images = Images(pixels(2, 8, 8), np.array([0, 2]))
    with pytest.raises(DataError, match="run from 0 to 2, but there are 2 class names"):
        as_dataset(Dataset("mine", images, classes=("a", "b")))
