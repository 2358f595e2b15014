"""Images as files: grey and colour, 8 bits, by number, all or none."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from PIL import Image

from vaekit.errors import DataError, UserError
from vaekit.image_files import write_images


def images(count, channels):
    values = np.random.default_rng(0).uniform(-0.1, 1.1, (count, 8, 9, channels))
    return values.astype("float32")


def halves(values):
    middle = len(values) // 2
    yield from (values[:middle], values[middle:])


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB")])
def test_a_folder_holds_a_png_each(tmp_path, channels, mode):
    values = images(11, channels)
    write_images(tmp_path / "pictures", halves(values), values.shape)
    files = sorted((tmp_path / "pictures").iterdir())
    assert [file.name for file in files] == [f"{number:02}.png" for number in range(11)]
    for file, value in zip(files, values, strict=True):
        with Image.open(file) as picture:
            assert (picture.format, picture.mode) == ("PNG", mode)
            expected = np.rint(np.clip(value, 0, 1) * 255)
            np.testing.assert_array_equal(np.asarray(picture).reshape(8, 9, channels), expected)


def test_a_single_picture_has_the_name_itself(tmp_path):
    values = images(1, 3)
    write_images(tmp_path / "a.PNG", iter([values]), values.shape)
    with Image.open(tmp_path / "a.PNG") as picture:
        assert picture.size == (9, 8)
    with pytest.raises(UserError, match=r"one picture, and there are 2 latents.*: .*/b\."):
        write_images(tmp_path / "b.png", iter([images(2, 3)]), (2, 8, 9, 3))


def test_hdf5_keeps_floats(tmp_path):
    values = images(4, 2)
    write_images(tmp_path / "a.hdf5", halves(values), values.shape)
    with h5py.File(tmp_path / "a.hdf5") as file:
        np.testing.assert_array_equal(file["images"], values)


@pytest.mark.parametrize(
    ("name", "channels", "match"),
    [
        ("a.jpg", 3, r"a\.jpg .*\.h5 or \.hdf5, in \.png .* folder"),
        ("full", 3, "holds files already"),
        ("new", 2, r"2 channels .* end .*new in \.h5"),
    ],
)
def test_what_has_no_place_is_refused(tmp_path, name, channels, match):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.png").write_text("precious")
    values = images(2, channels)
    with pytest.raises(UserError, match=match):
        write_images(tmp_path / name, iter([values]), values.shape)
    assert [path.name for path in tmp_path.rglob("*")] == ["full", "mine.png"]


def test_a_folder_is_whole_or_not_there(tmp_path):
    def until_it_fails():
        yield images(2, 1)
        raise DataError("not all finite")

    with pytest.raises(DataError):
        write_images(tmp_path / "pictures", until_it_fails(), (4, 8, 9, 1))
    assert not list(tmp_path.iterdir())
    (tmp_path / "pictures").mkdir()  # an empty one may be filled
    write_images(tmp_path / "pictures", iter([images(2, 1)]), (2, 8, 9, 1))
    assert len(list((tmp_path / "pictures").iterdir())) == 2
