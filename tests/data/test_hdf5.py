from __future__ import annotations

import h5py
import numpy as np
import pytest

from vaekit.data import load_data, read_images
from vaekit.errors import DataError


@pytest.fixture
def h5(tmp_path):
    """Writes arrays into an HDF5 file; its path."""

    def write(**arrays):
        path = tmp_path / "a.h5"
        with h5py.File(path, "w") as file:
            for name, array in arrays.items():
                file.create_dataset(name.replace("__", "/"), data=array)
        return path

    return write


@pytest.mark.parametrize("end", [".h5", ".hdf5"])
def test_only_one_fits(tmp_path, h5, pixels, end):
    images = pixels(4, 8, 9)
    path = h5(photos=images, labels=np.arange(4), table=np.zeros((4, 5)), names=np.bytes_(b"x"))
    data = read_images(path.rename(tmp_path / f"b{end}"))
    np.testing.assert_array_equal(data.train.pixels[..., 0], images)
    assert data.train.labels.tolist() == [0, 1, 2, 3]


def test_named(h5, pixels):
    path = h5(a=pixels(4, 8, 8), group__b=pixels(3, 8, 8), group__labels=np.arange(3))
    data = load_data(f"{path}::group/b")
    assert data.source == f"{path}::group/b"
    assert data.train.pixels.shape == (3, 8, 8, 1)
    assert data.train.labels.tolist() == [0, 1, 2]
    assert read_images(f"{path}::/a").train.labels is None


def test_keras_names(h5, pixels):
    path = h5(
        x_train=pixels(4, 8, 8), y_train=np.arange(4), x_test=pixels(2, 8, 8), y_test=np.arange(2)
    )
    data = read_images(path)
    assert [len(part.labels) for part in (data.train, data.test)] == [4, 2]
    assert read_images(f"{path}::x_test").train.labels.tolist() == [0, 1]


def test_labels_of_another_length(h5, pixels):
    with pytest.raises(DataError, match="are 3, but there are 4 images"):
        read_images(h5(images=pixels(4, 8, 8), labels=np.arange(3)))


def test_several_fit(h5, pixels):
    path = h5(a=pixels(4, 8, 8), b=pixels(4, 8, 8))
    with pytest.raises(DataError, match=r"several.*: a, b\. Say which, as .*a\.h5::a"):
        read_images(path)


def test_none_fits(h5):
    path = h5(z_mean=np.zeros((4, 2), "f4"), tiny=np.zeros((4, 7, 7), "u1"))
    with pytest.raises(DataError, match=r"no dataset of images.*z_mean \(4, 2\) float32"):
        read_images(path)


def test_nothing_inside(h5):
    with pytest.raises(DataError, match="It holds none"):
        read_images(h5())


def test_unknown_dataset(h5, pixels):
    with pytest.raises(DataError, match=r"no dataset 'image'. Did you mean 'images'"):
        read_images(f"{h5(images=pixels(4, 8, 8))}::image")


def test_text_under_a_name(h5):
    with pytest.raises(DataError, match="::images holds text, not numbers"):
        read_images(f"{h5(images=np.full((3, 8, 8), 'text', object))}::images")


@pytest.mark.parametrize("raw", [b"", b"no HDF5", b"\x89HDF\r\n\x1a\n" + bytes(200)])
def test_no_hdf5(tmp_path, raw):
    (tmp_path / "a.h5").write_bytes(raw)
    with pytest.raises(DataError, match=r"a.h5 can't be read as an HDF5 file"):
        read_images(tmp_path / "a.h5")


def test_truncated(h5, pixels):
    path = h5(images=pixels(40, 8, 8))
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(DataError, match="can't be read as an HDF5 file"):
        read_images(path)


def test_compressed(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("images", data=np.zeros((300, 28, 28), "u1"), compression="gzip")
    assert len(read_images(tmp_path / "a.h5").train.pixels) == 300


def test_declared_but_never_written(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("images", (10**7, 1000, 1000), "u1", chunks=(1, 1000, 1000))
    with pytest.raises(DataError, match="only 0 are stored"):
        read_images(tmp_path / "a.h5")


def test_stays_within_the_file(tmp_path, pixels):
    other = tmp_path / "secret.h5"
    with h5py.File(other, "w") as file:
        file["images"] = pixels(4, 8, 8)
    (tmp_path / "secret.raw").write_bytes(bytes(256))
    path = tmp_path / "a.h5"
    layout = h5py.VirtualLayout((4, 8, 8), "u1")
    layout[:] = h5py.VirtualSource(other, "images", (4, 8, 8))
    with h5py.File(path, "w") as file:
        file["link"] = h5py.ExternalLink(str(other), "images")
        file.create_virtual_dataset("virtual", layout)
        file.create_dataset(
            "outside", (4, 8, 8), "u1", external=[(str(tmp_path / "secret.raw"), 0, 256)]
        )
    with pytest.raises(DataError, match="::link is a link into another file"):
        read_images(f"{path}::link")
    for name in ("virtual", "outside"):
        with pytest.raises(DataError, match=f"{name} keeps its values in other files"):
            read_images(f"{path}::{name}")


def test_colons_only_after_hdf5(tmp_path, pixels):
    np.savez(tmp_path / "a.npz", images=pixels(3, 8, 8))
    with pytest.raises(DataError, match=r"only an .h5 or .hdf5 file"):
        read_images(f"{tmp_path / 'a.npz'}::images")


@pytest.mark.parametrize("images", ["images", "photos", "group__photos"])
@pytest.mark.parametrize("kind", ["u1", "i4", "f4", "f8", "?"])
def test_labels_of_any_type_in_every_layout(h5, pixels, images, kind):
    labels = images.replace("images", "labels").replace("photos", "labels")
    path = h5(**{images: pixels(2, 8, 8), labels: np.array([1, 0], kind)})
    assert read_images(path).train.labels.tolist() == [1, 0]


@pytest.mark.parametrize("images", ["images", "photos"])
def test_labels_that_are_none_are_refused_in_every_layout(h5, pixels, images):
    with pytest.raises(DataError, match="not whole numbers"):
        read_images(h5(**{images: pixels(2, 8, 8), "labels": np.array([0.5, 1])}))


def test_a_file_that_is_being_written_is_not_called_damaged(tmp_path, pixels):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["images"] = pixels(2, 8, 8)
        with pytest.raises(DataError, match=r"a\.h5 is in use by .*unable to lock file") as error:
            read_images(path)
    assert "damaged" not in str(error.value)
    assert len(read_images(path).train.pixels) == 2
