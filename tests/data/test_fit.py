"""Images of other sizes than the one asked for: cropped, padded or stretched, and said."""

from __future__ import annotations

import numpy as np
import pytest

from vaekit.data import Budget, load_data, read_images
from vaekit.errors import DataError

# Vertical stripes: 0, 50, 100, ... from left to right, each 8 pixels wide.
WIDE = np.broadcast_to(np.repeat(np.arange(5, dtype="u1") * 50, 8), (16, 40)).copy()


@pytest.fixture(params=[None, Budget(1)], ids=["held", "streamed"])
def fitted(request, tmp_path, picture):
    def read(image, **options):
        picture(tmp_path / "a.png", image)
        data = read_images(tmp_path, budget=request.param, **options)
        return data.train.pixels[:][0, ..., 0], data.resized

    return read


def test_files_are_cropped_to_their_centre(fitted):
    image, resized = fitted(WIDE, image_size=8)
    np.testing.assert_allclose(image[0], [50, 50, 100, 100, 100, 100, 150, 150], atol=12)
    assert resized == "cropped to their centre from 16x40"


def test_pad_shows_the_whole_image(fitted):
    image, resized = fitted(WIDE, image_size=(40, 40), resize="pad")
    np.testing.assert_array_equal(image[12:28], WIDE)
    assert image[:12].max() == image[28:].max() == 0
    assert resized == "padded with black from 16x40"


def test_stretch_fills(fitted):
    image, resized = fitted(WIDE, image_size=(16, 80), resize="stretch")
    assert image.shape == (16, 80)
    assert image[0, 4] < 5
    assert image[0, -4] > 195
    assert resized == "stretched from 16x40"


def test_what_has_the_size_is_left_alone(fitted):
    for resize in ("crop", "pad", "stretch", None):
        image, resized = fitted(WIDE, image_size=(16, 40), resize=resize)
        np.testing.assert_array_equal(image, WIDE)
        assert resized == ""


@pytest.mark.parametrize("budget", [None, Budget(1)])
def test_a_crop_larger_than_the_image(tmp_path, picture, budget):
    for name, shape in (("a", (16, 40)), ("b", (64, 64)), ("c", (40, 16))):
        picture(tmp_path / f"{name}.png", np.ones(shape, "u1"))
    with pytest.raises(DataError, match="2 of the 3 images") as error:
        read_images(tmp_path, image_size=32, resize="crop", budget=budget)
    reason = "{} is too small for a crop of 32x32 (resize='stretch' enlarges)"
    assert error.value.files == {"a.png": reason.format("16x40"), "c.png": reason.format("40x16")}
    assert read_images(tmp_path, image_size=32, resize="pad").train.pixels.shape == (3, 32, 32, 1)
    with pytest.warns(match=r"2 files .*a\.png: 16x40 is too small"):
        data = read_images(tmp_path, image_size=32, resize="crop", skip_bad=True, budget=budget)
    assert len(data.train.pixels) == 1
    with pytest.raises(DataError, match=r"a\.png can't be read as an image: 16x40 is too small"):
        read_images(tmp_path / "a.png", image_size=32, resize="crop")


def test_small_files_are_enlarged_unless_a_crop_is_asked_for(fitted):
    image, resized = fitted(WIDE, image_size=32)
    assert image.shape == (32, 32)
    assert (image[0, 0], image[0, -1]) == (50, 150)
    assert resized == "cropped to their centre from 16x40 (1 enlarged)"


def test_sizes_are_said_from_the_smallest_to_the_largest(tmp_path, picture):
    for number, side in enumerate((70, 50, 60)):
        picture(tmp_path / f"{number}.png", np.ones((side, 90), "u1"))
    assert read_images(tmp_path, image_size=40).resized.endswith("from 50x90 to 70x90")


def test_arrays_are_stretched_unless_a_crop_is_asked_for():
    images = np.stack([WIDE, WIDE[::-1]])
    stretched = load_data(images, image_size=32)
    assert stretched.resized == "stretched from 16x40"
    assert stretched.train.pixels[0, 0, -1] > 195
    cropped = load_data(images / 255, image_size=8, resize="crop")
    np.testing.assert_allclose(
        cropped.train.pixels[0, 0, :, 0] * 255, [50, 50, 100, 100, 100, 100, 150, 150], atol=12
    )
    with pytest.raises(
        DataError, match=r"The images of array can't be cropped so: 16x40 is too small"
    ):
        load_data(images, image_size=32, resize="crop")
