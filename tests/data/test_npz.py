from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from vaekit.data import read_images
from vaekit.errors import DataError

NAMES = [
    ("x_train", "y_train", "x_test", "y_test"),
    ("train_images", "train_labels", "test_images", "test_labels"),
    ("images", "labels", "test_images", "test_labels"),
]


@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_layouts(tmp_path, pixels, names, save):
    arrays = [pixels(5, 8, 9), np.arange(5), pixels(3, 8, 9, seed=1), np.arange(3)]
    path = tmp_path / "data.npz"
    save(path, **dict(zip(names, arrays, strict=True)))
    data = read_images(path)
    np.testing.assert_array_equal(data.train.pixels[..., 0], arrays[0])
    np.testing.assert_array_equal(data.test.pixels[..., 0], arrays[2])
    assert data.train.labels.tolist() == [0, 1, 2, 3, 4]
    assert data.test.labels.tolist() == [0, 1, 2]


@pytest.mark.parametrize("name", ["x_train", "images", "train_images"])
def test_images_alone(tmp_path, pixels, name):
    np.savez(tmp_path / "a.npz", **{name: pixels(5, 8, 9, 3)})
    data = read_images(tmp_path / "a.npz")
    assert data.train.pixels.shape == (5, 8, 9, 3)
    assert data.train.labels is None
    assert data.test is None


def test_keras_column_labels(tmp_path, pixels):
    np.savez(tmp_path / "a.npz", x_train=pixels(3, 8, 8), y_train=[[2], [1], [0]])
    assert read_images(tmp_path / "a.npz").train.labels.tolist() == [2, 1, 0]


def test_needs_pickle(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, x_train=np.array([{"an": "object"}] * 3))
    with pytest.raises(DataError, match=r"a.npz: x_train is a pickle.*never opens"):
        read_images(path)


def test_unknown_names(tmp_path, pixels):
    np.savez(tmp_path / "a.npz", photos=pixels(3, 8, 8), tags=np.arange(3))
    with pytest.raises(DataError, match=r"none of 'x_train', .*it holds photos, tags"):
        read_images(tmp_path / "a.npz")


def test_no_zip(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"\x89PNG and so on")
    with pytest.raises(DataError, match=r"a.npz can't be read as an .npz file: File is not a zip"):
        read_images(tmp_path / "a.npz")


def test_damaged(tmp_path, pixels):
    path = tmp_path / "a.npz"
    np.savez(path, x_train=pixels(50, 8, 8))
    raw = bytearray(path.read_bytes())
    path.write_bytes(raw[: len(raw) // 2])
    with pytest.raises(DataError, match="can't be read"):
        read_images(path)
    raw[len(raw) // 2] ^= 0xFF
    path.write_bytes(raw)
    with pytest.raises(DataError, match=r"can't be read.*CRC"):
        read_images(path)


def npy(shape: str, data: bytes = bytes(64), descr: str = "'|u1'") -> bytes:
    head = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + data


@pytest.mark.parametrize(
    ("raw", "match"),
    [
        (npy("(9999999999, 800, 800)"), "declares the shape .*but 64 follow"),
        (npy("(2, 8, 8)"), "128 bytes, but 64 follow"),
        (npy("(-1, 8, -8)"), "(declares the shape|can't be read)"),
        (npy("(1, 8, 8)", descr="'nonsense'"), "can't be read"),
        (npy("(1, 8, 8)")[:20], "can't be read"),
        (b"\x93NUMPY\x03\x00" + bytes(80), "version"),
        (b"\x93NUMPY\x09\x00" + bytes(80), "version"),
        (b"plain text", "can't be read"),
        (b"", "can't be read"),
    ],
)
def test_malformed_arrays(tmp_path, raw, match):
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x_train.npy", raw)
    with pytest.raises(DataError, match=match):
        read_images(path)


def test_fortran_order(tmp_path, pixels):
    images = np.asfortranarray(pixels(3, 8, 9))
    np.savez(tmp_path / "a.npz", x_train=images)
    found = read_images(tmp_path / "a.npz").train.pixels
    np.testing.assert_array_equal(found[..., 0], images)
    assert found.flags.c_contiguous


def test_npy_is_of_no_known_format(tmp_path, pixels):
    buffer = io.BytesIO()
    np.save(buffer, pixels(3, 8, 8))
    (tmp_path / "a.npy").write_bytes(buffer.getvalue())
    with pytest.raises(DataError, match=r"no known format. vaekit reads IDX, .npz"):
        read_images(tmp_path / "a.npy")
