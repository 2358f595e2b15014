from __future__ import annotations

import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from vaekit.data import read_images
from vaekit.errors import DataError, OptionError, VaekitWarning


def test_grey_folder(tmp_path, picture, pixels):
    images = pixels(3, 8, 9)
    for i, image in enumerate(images):
        picture(tmp_path / f"{i}.png", image)
    (tmp_path / "notes.txt").write_text("beside")
    (tmp_path / "._0.png").write_bytes(b"left by macOS")
    data = read_images(tmp_path)
    np.testing.assert_array_equal(data.train.pixels[..., 0], images)
    assert data.train.labels is None
    assert data.classes is None
    assert data.stored == "uint8, 0..255"


def test_one_colour_image_makes_all_colour(tmp_path, picture, pixels):
    grey, colour = pixels(8, 8), pixels(8, 8, 3)
    picture(tmp_path / "a.png", grey)
    picture(tmp_path / "b.PNG", colour)
    picture(tmp_path / "c.png", grey)
    found = read_images(tmp_path).train.pixels
    np.testing.assert_array_equal(found, [np.dstack([grey] * 3), colour, np.dstack([grey] * 3)])
    assert read_images(tmp_path, gray=True).train.pixels.shape == (3, 8, 8, 1)


def test_jpeg(tmp_path, picture):
    picture(tmp_path / "a.jpg", np.full((8, 8, 3), 100, np.uint8))
    picture(tmp_path / "b.jpeg", np.full((8, 8), 100, np.uint8))
    found = read_images(tmp_path).train.pixels
    assert found.shape == (2, 8, 8, 3)
    assert abs(found.astype(int) - 100).max() <= 1


def test_classes(tmp_path, picture, pixels):
    for name in ("dog/1", "cat/1", "cat/2"):
        picture(tmp_path / f"{name}.png", pixels(8, 8))
    (tmp_path / "none").mkdir()
    data = read_images(tmp_path)
    assert data.classes == ("cat", "dog")
    assert data.train.labels.tolist() == [0, 0, 1]


@pytest.mark.parametrize("test", ["test", "val", "Validation"])
def test_splits_with_classes(tmp_path, picture, pixels, test):
    for name in ("train/cat/1", "train/dog/1", "train/dog/2", f"{test}/dog/1", f"{test}/emu/1"):
        picture(tmp_path / f"{name}.png", pixels(8, 8))
    data = read_images(tmp_path)
    assert data.classes == ("cat", "dog", "emu")
    assert data.train.labels.tolist() == [0, 1, 1]
    assert data.test.labels.tolist() == [1, 2]


def test_splits_without_classes(tmp_path, picture, pixels):
    picture(tmp_path / "train/1.png", pixels(8, 8))
    picture(tmp_path / "test/1.png", pixels(8, 8, 3))
    picture(tmp_path / "val/1.png", pixels(9, 9))
    data = read_images(tmp_path)
    assert data.train.pixels.shape == data.test.pixels.shape == (1, 8, 8, 3)
    assert data.train.labels is None


def test_a_stranger_beside_train_is_refused(tmp_path, picture, pixels):
    for name in ("train", "car"):
        picture(tmp_path / name / "1.png", pixels(8, 8))
    with pytest.raises(DataError, match=r"car holds 1 images, but lies beside train.*if train is"):
        read_images(tmp_path)


def test_single_image(tmp_path, picture, pixels):
    data = read_images(picture(tmp_path / "a.png", pixels(8, 8)))
    assert data.train.pixels.shape == (1, 8, 8, 1)


def test_resize(tmp_path, picture, pixels):
    picture(tmp_path / "a.png", pixels(64, 48, 3))
    picture(tmp_path / "b.png", pixels(7, 5, 3))
    found = read_images(tmp_path, image_size=(16, 12), resize="stretch").train.pixels
    assert found.shape == (2, 16, 12, 3)
    # Antialiased: noise averages out instead of being picked from.
    assert found[0].std() < 0.5 * pixels(64, 48, 3).std()


def test_sizes_differ(tmp_path, picture, pixels):
    picture(tmp_path / "a.png", pixels(8, 9))
    picture(tmp_path / "b.png", pixels(10, 9))
    match = r"1 of 8x9 as a\.png, 1 of 10x9.*image_size=\(8, 8\)"
    with pytest.raises(DataError, match=match) as error:
        read_images(tmp_path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("size", [(7, 8), (8,), (8, 8.5)])
def test_bad_image_size(tmp_path, size):
    with pytest.raises(OptionError, match="height and width"):
        read_images(tmp_path, image_size=size)


def test_exif_turns(tmp_path):
    image = np.zeros((8, 16), np.uint8)
    image[:, :8] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise
    Image.fromarray(image).save(tmp_path / "a.jpg", exif=exif)
    found = read_images(tmp_path).train.pixels[0, ..., 0]
    assert found.shape == (16, 8)
    assert found[:8].min() > 240
    assert found[8:].max() < 15


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_shows_white(tmp_path, mode):
    clear = np.zeros((8, 8, len(mode)), np.uint8)
    clear[:4, :, -1] = 255
    Image.fromarray(clear).save(tmp_path / "a.png")
    found = read_images(tmp_path).train.pixels[0]
    assert found.shape == (8, 8, 1 if mode == "LA" else 3)
    assert (found[:4] == 0).all()
    assert (found[4:] == 255).all()


def test_palettes(tmp_path, pixels):
    colour, grey = pixels(8, 8, 3) // 128 * 255, pixels(8, 8) // 64 * 64
    Image.fromarray(colour).quantize(8).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_images(tmp_path).train.pixels[0], colour)
    Image.fromarray(grey).quantize(4).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_images(tmp_path).train.pixels[0, ..., 0], grey)
    image = Image.fromarray(pixels(8, 8) % 2, "P")
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.save(tmp_path / "a.png", transparency=0)
    found = read_images(tmp_path).train.pixels[0].reshape(-1, 3)
    assert {tuple(c) for c in found.tolist()} == {(255, 255, 255), (0, 0, 255)}


def test_sixteen_bits(tmp_path, picture):
    deep = np.linspace(0, 65535, 64).astype(np.uint16).reshape(8, 8)
    picture(tmp_path / "a.png", deep)
    found = read_images(tmp_path).train.pixels[0, ..., 0]
    np.testing.assert_array_equal(found, np.rint(deep / 257))


def test_one_bit(tmp_path):
    Image.fromarray(np.eye(8, dtype=bool)).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_images(tmp_path).train.pixels[0, ..., 0], np.eye(8) * 255)


def test_cmyk(tmp_path):
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "a.jpg")
    found = read_images(tmp_path).train.pixels
    assert found.shape == (1, 8, 8, 3)
    assert found[..., 0].min() > 200 > 60 > found[..., 1:].max()


def test_empty_folder(tmp_path):
    with pytest.raises(DataError, match="is empty"):
        read_images(tmp_path)


def test_nothing_known_inside(tmp_path):
    (tmp_path / "a.txt").write_text("text")
    (tmp_path / "sub").mkdir()
    with pytest.raises(DataError, match=r"holds no images. vaekit reads IDX"):
        read_images(tmp_path)


@pytest.mark.parametrize("split", ["train", "test"])
def test_empty_split(tmp_path, picture, pixels, split):
    for name in ("train", "test"):
        (tmp_path / name).mkdir()
    other = {"train": "test", "test": "train"}[split]
    picture(tmp_path / other / "1.png", pixels(8, 8))
    with pytest.raises(DataError, match=f"{tmp_path / split} holds no images"):
        read_images(tmp_path)


def test_loose_beside_classes(tmp_path, picture, pixels):
    picture(tmp_path / "a.png", pixels(8, 8))
    picture(tmp_path / "cat/1.png", pixels(8, 8))
    with pytest.warns(VaekitWarning, match=r"no classes, .*\(a.png and cat/1.png\)"):
        data = read_images(tmp_path)
    assert (len(data.train.pixels), data.classes, data.train.labels) == (2, None, None)


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_unreadable(tmp_path, picture, pixels, name):
    path = picture(tmp_path / name, pixels(32, 32, 3))
    good = path.read_bytes()
    for raw in (b"", b"text", good[: len(good) // 2], good[:40]):
        path.write_bytes(raw)
        with pytest.raises(DataError, match=f"{path} can't be read as an image"):
            read_images(path)
        with pytest.raises(DataError, match=rf"of {tmp_path} none can be used:\n  {name}: \w+"):
            read_images(tmp_path)


def test_other_format_under_a_known_name(tmp_path, pixels):
    Image.fromarray(pixels(8, 8)).save(tmp_path / "a.png", format="PCX")
    with pytest.raises(DataError, match=r"a\.png: it is of none of the formats PNG, JPEG"):
        read_images(tmp_path)


@pytest.mark.parametrize("side", [10_000, 60_000])
def test_decompression_bomb(tmp_path, side):
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    raw = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    (tmp_path / "a.png").write_bytes(raw)
    with pytest.raises(DataError, match="decompression bomb"):
        read_images(tmp_path)


def test_missing(tmp_path):
    with pytest.raises(DataError, match=r"no file or folder .*nowhere"):
        read_images(tmp_path / "nowhere")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("name", ["a.png", "a.npz", "a.h5", "images-idx3-ubyte", "folder"])
def test_permission_denied(tmp_path, name):
    path = tmp_path / name
    path.mkdir() if name == "folder" else path.write_bytes(b"x")
    path.chmod(0)
    with pytest.raises(DataError, match=rf"{path}.*: Permission denied"):
        read_images(path)
    path.chmod(0o700)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_told_with_the_others(tmp_path, picture, pixels):
    for name in ("good/1.png", "locked/1.png", "good/locked.png"):
        picture(tmp_path / name, pixels(8, 8))
    (tmp_path / "locked").chmod(0)
    (tmp_path / "good/locked.png").chmod(0)
    with pytest.raises(DataError, match="2 of the 3 images") as error:
        read_images(tmp_path)
    (tmp_path / "locked").chmod(0o700)
    assert error.value.files == {
        "good/locked.png": "Permission denied",
        "locked": "this folder can't be looked into: Permission denied",
    }
