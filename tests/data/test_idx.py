from __future__ import annotations

import gzip
import struct
import tracemalloc

import numpy as np
import pytest

from vaekit.data import read_images
from vaekit.errors import DataError

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


@pytest.mark.parametrize("end", ["", ".gz"])
@pytest.mark.parametrize("test", ["t10k", "test"])
@pytest.mark.parametrize("dot", ["-", "."])
def test_folder(tmp_path, write_idx, pixels, end, test, dot):
    train, held = pixels(5, 9, 8), pixels(3, 9, 8, seed=1)
    write_idx(tmp_path / f"train-images{dot}idx3-ubyte{end}", train)
    write_idx(tmp_path / f"train-labels{dot}idx1-ubyte{end}", np.arange(5, dtype=np.uint8))
    write_idx(tmp_path / f"{test}-images{dot}idx3-ubyte{end}", held)
    write_idx(tmp_path / f"{test}-labels{dot}idx1-ubyte{end}", np.arange(3, dtype=np.uint8))
    data = read_images(tmp_path)
    assert data.source == str(tmp_path)
    assert data.stored == "uint8, 0..255"
    np.testing.assert_array_equal(data.train.pixels, train[..., None])
    np.testing.assert_array_equal(data.test.pixels, held[..., None])
    assert data.train.labels.tolist() == [0, 1, 2, 3, 4]
    assert data.test.labels.tolist() == [0, 1, 2]


@pytest.mark.parametrize("name", ["images-idx3-ubyte", "t10k-images-idx3-ubyte.gz"])
def test_lone_images_are_for_training(tmp_path, write_idx, pixels, name):
    path = write_idx(tmp_path / name, pixels(4, 8, 8))
    for source in (tmp_path, path):
        data = read_images(source)
        assert data.train.pixels.shape == (4, 8, 8, 1)
        assert data.train.labels is None
        assert data.test is None


def test_colour(tmp_path, write_idx, pixels):
    images = pixels(4, 8, 9, 3)
    write_idx(tmp_path / "images-idx4-ubyte", images)
    np.testing.assert_array_equal(read_images(tmp_path).train.pixels, images)


def test_found_by_its_bytes(tmp_path, write_idx, pixels):
    assert len(read_images(write_idx(tmp_path / "digits.bin", pixels(4, 8, 8))).train.pixels) == 4


@pytest.mark.parametrize("dtype", ["int16", "int32", "float32", "float64"])
def test_wider_types(tmp_path, write_idx, pixels, dtype):
    images = pixels(2, 8, 8)
    path = write_idx(tmp_path / IMAGES, images.astype(dtype))
    found = read_images(path).train.pixels[..., 0]
    if "int" in dtype:
        np.testing.assert_array_equal(found, images)
    else:
        np.testing.assert_allclose(found, images / 255, rtol=1e-6)


def test_unpacked_twin_counts(tmp_path, write_idx, pixels):
    write_idx(tmp_path / IMAGES, pixels(4, 8, 8))
    write_idx(tmp_path / f"{IMAGES}.gz", pixels(3, 8, 8))
    assert len(read_images(tmp_path).train.pixels) == 4


def test_two_data_sets_in_a_folder(tmp_path, write_idx, pixels):
    for name in ("digits", "letters"):
        write_idx(tmp_path / f"emnist-{name}-{IMAGES}.gz", pixels(4, 8, 8))
    with pytest.raises(DataError, match=r"two files of train images, emnist-digits.* and emnist-l"):
        read_images(tmp_path)


@pytest.mark.parametrize("end", ["", ".gz"])
def test_truncated(tmp_path, idx_bytes, pixels, end):
    raw = idx_bytes(pixels(4, 8, 8))[:-56]
    path = tmp_path / f"{IMAGES}{end}"
    path.write_bytes(gzip.compress(raw) if end else raw)
    with pytest.raises(DataError, match=r"truncated.*\(4, 8, 8\), 256 bytes, but it holds 200"):
        read_images(tmp_path)


@pytest.mark.parametrize("end", ["", ".gz"])
def test_trailing_bytes(tmp_path, idx_bytes, pixels, end):
    raw = idx_bytes(pixels(4, 8, 8)) + b"more"
    path = tmp_path / f"{IMAGES}{end}"
    path.write_bytes(gzip.compress(raw) if end else raw)
    with pytest.raises(DataError, match=r"more bytes than the 256 .*declares"):
        read_images(path)


def test_labels_named_images(tmp_path, write_idx):
    path = write_idx(tmp_path / IMAGES, np.zeros(5, np.uint8))
    with pytest.raises(DataError, match=f"{path} should hold images.*declares labels.*mislabelled"):
        read_images(tmp_path)


def test_images_named_labels(tmp_path, write_idx, pixels):
    write_idx(tmp_path / IMAGES, pixels(5, 8, 8))
    write_idx(tmp_path / LABELS, pixels(5, 8, 8))
    with pytest.raises(DataError, match=r"labels-idx1-ubyte should hold labels.*images.*mislab"):
        read_images(tmp_path)


def test_labels_alone(tmp_path, write_idx):
    write_idx(tmp_path / LABELS, np.zeros(5, np.uint8))
    with pytest.raises(DataError, match=r"IDX labels .* but no images"):
        read_images(tmp_path)


def test_labels_of_another_length(tmp_path, write_idx, pixels):
    write_idx(tmp_path / IMAGES, pixels(5, 8, 8))
    write_idx(tmp_path / LABELS, np.zeros(4, np.uint8))
    with pytest.raises(DataError, match=r"train labels .* are 4, but there are 5 images"):
        read_images(tmp_path)


@pytest.mark.parametrize(
    ("raw", "match"),
    [
        (b"", r"no IDX file.*\(none\)"),
        (b"\x01\x02\x08\x03" + bytes(40), "no IDX file.*01 02 08 03"),
        (b"\x00\x00\x77\x03" + bytes(40), "no IDX file.*00 00 77 03"),
        (b"\x00\x00\x08\x00", "no IDX file"),
        (b"\x00\x00\x08\x03\x00\x00", "truncated.*header"),
        (b"\x00\x00\x08\x02" + struct.pack(">2I", 2, 64) + bytes(128), "arrays of 2 axes"),
        (b"\x00\x00\x08\x03" + struct.pack(">3I", 0, 8, 8), "empty"),
        (b"\x00\x00\x08\x03" + struct.pack(">3I", 2, 4, 4) + bytes(32), "smaller than 8x8"),
    ],
)
def test_malformed(tmp_path, raw, match):
    (tmp_path / IMAGES).write_bytes(raw)
    with pytest.raises(DataError, match=match):
        read_images(tmp_path)


def test_broken_gzip(tmp_path, idx_bytes, pixels):
    path = tmp_path / f"{IMAGES}.gz"
    good = gzip.compress(idx_bytes(pixels(4, 8, 8)))
    flipped = bytearray(good)
    flipped[len(good) // 2] ^= 0xFF
    for raw in (b"not gzip at all", good[:-30], bytes(flipped), good[:-8] + bytes(8)):
        path.write_bytes(raw)
        with pytest.raises(DataError, match=f"{path} (can't be read|is truncated|holds more)"):
            read_images(path)


@pytest.mark.parametrize("end", ["", ".gz"])
def test_huge_declared_size_allocates_nothing(tmp_path, end):
    raw = b"\x00\x00\x08\x03" + struct.pack(">3I", 2**32 - 1, 60000, 60000) + bytes(64)
    path = tmp_path / f"{IMAGES}{end}"
    path.write_bytes(gzip.compress(raw) if end else raw)
    with pytest.raises(DataError, match="truncated"):
        read_images(path)


def test_gzip_bomb_is_not_unpacked(tmp_path, idx_bytes, pixels):
    path = tmp_path / f"{IMAGES}.gz"
    path.write_bytes(gzip.compress(idx_bytes(pixels(4, 8, 8)) + bytes(100_000_000), 1))
    tracemalloc.start()
    with pytest.raises(DataError, match="more bytes than the 256"):
        read_images(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000
