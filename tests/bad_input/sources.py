"""Data sources to be made in a folder, most of them bad: each function gives one that makes it."""

from __future__ import annotations

import struct

import h5py
import numpy as np
from PIL import Image

import vaekit


def idx(array):
    head = struct.pack(">BBBB", 0, 0, 0x08, array.ndim)
    return head + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


IMAGES = np.random.default_rng(0).integers(0, 256, (40, 8, 8), np.uint8)
LABELS = (np.arange(40) % 10).astype(np.uint8)


def idx_folder(images, labels=None):
    def make(folder):
        (folder / "train-images-idx3-ubyte").write_bytes(images)
        if labels is not None:
            (folder / "train-labels-idx1-ubyte").write_bytes(labels)
        return folder

    return make


def npz(**arrays):
    def make(folder):
        np.savez(folder / "a.npz", **arrays)
        return folder / "a.npz"

    return make


def hdf5(**arrays):
    def make(folder):
        with h5py.File(folder / "a.h5", "w") as file:
            for name, array in arrays.items():
                file[name] = array
        return folder / "a.h5"

    return make


def pngs(*shapes):
    def make(folder):
        for number, shape in enumerate(shapes):
            Image.fromarray(np.zeros(shape, "uint8")).save(folder / f"{number}.png")
        return folder

    return make


def named(make, name):
    return lambda folder: f"{make(folder)}::{name}"


def text(name):
    def make(folder):
        (folder / name).write_text("nothing of the kind")
        return folder / name

    return make


def with_value(value):
    images = (IMAGES / 255).astype("float32")
    images[7, 1, 2] = value
    return images


def digits_of(count):
    return (vaekit.load_data("digits").train.pixels[:count] * 255).round().astype("uint8")


SOURCES = {
    "truncated IDX": (
        idx_folder(idx(IMAGES)[:-100]),
        r"train-images-idx3-ubyte is truncated: .*\(40, 8, 8\), 2560 bytes, but it holds 2460\. Fe",
    ),
    "IDX cut in its header": (
        idx_folder(idx(IMAGES)[:9]),
        r"train-images-idx3-ubyte is truncated: it ends within its header",
    ),
    "IDX with more than it declares": (
        idx_folder(idx(IMAGES) + b"\0"),
        r"train-images-idx3-ubyte holds more bytes than the 2560",
    ),
    "labels in place of images": (
        idx_folder(idx(LABELS)),
        r"train-images-idx3-ubyte should hold images, but its header declares labels",
    ),
    "images in place of labels": (
        idx_folder(idx(IMAGES), idx(IMAGES)),
        r"train-labels-idx1-ubyte should hold labels, but its header declares images",
    ),
    "no IDX at all": (idx_folder(b"plain text"), r"train-images-idx3-ubyte is no IDX file"),
    "labels of another length, IDX": (
        idx_folder(idx(IMAGES), idx(LABELS[:-1])),
        r"train labels of .*source are 39, but there are 40 images",
    ),
    "labels of another length, npz": (
        npz(images=IMAGES, labels=LABELS[:12]),
        r"labels of .*a\.npz are 12, but there are 40 images",
    ),
    "labels of another length, h5": (
        hdf5(x_train=IMAGES, y_train=LABELS[:12]),
        r"labels of .*a\.h5 are 12, but there are 40 images",
    ),
    "npz that needs pickle": (
        npz(images=np.array([{"a": 1}, None], dtype=object)),
        r"a\.npz: images is a pickle of Python objects, which vaekit never opens",
    ),
    "npz of unknown names": (npz(photos=IMAGES), r"a\.npz holds none of .*; it holds photos"),
    "no npz": (text("a.npz"), r"a\.npz can't be read as an \.npz file"),
    "empty folder": (lambda folder: folder, r"folder .*source is empty\. Put images into it"),
    "folder of something else": (pngs_text := text("notes.txt"), r"notes\.txt is of no known"),
    "folder without images": (
        lambda folder: pngs_text(folder).parent,
        r"folder .*source holds no images\. vaekit reads IDX",
    ),
    "images of differing sizes": (
        pngs((9, 8), (9, 8), (10, 8)),
        r"differ in size \(height x width\): 2 of 9x8 as 0\.png, 1 of 10x8 as 2\.png\.",
    ),
    "images of one colour": (
        pngs(*[(9, 8)] * 40),
        r"The 36 training images of .*source are all of one colour \(0\), so there is nothing",
    ),
    "fewer images than a batch": (
        npz(images=IMAGES[:12]),
        r"A batch of 32 is more than the 11 training images of .*a\.npz; choose a smaller --b",
    ),
    "no PNG": (text("a.png"), r"a\.png can't be read as an image"),
    "NaN": (npz(images=with_value(np.nan)), r"a\.npz hold 1 values that are NaN .*in image 7 "),
    "infinite": (hdf5(images=with_value(np.inf)), r"a\.h5 hold 1 values that are NaN or infinite"),
    "pixels out of range": (npz(images=with_value(-3)), r"a\.npz hold values from -3 to 1"),
    "images too small": (npz(images=IMAGES[:, :7]), r"7x8 pixels, smaller than 8x8"),
    "a single image": (npz(images=IMAGES[:1]), r"a\.npz holds a single image"),
    "h5 without a fitting dataset": (
        hdf5(z_mean=np.zeros((4, 2))),
        r"a\.h5 holds no dataset of images, .*It holds z_mean \(4, 2\) float64",
    ),
    "h5 with several": (
        hdf5(a=IMAGES, b=IMAGES),
        r"a\.h5 holds several datasets that could be the images: a, b\. Say which, as .*a\.h5::a",
    ),
    "h5 without that dataset": (
        named(hdf5(images=IMAGES), "imags"),
        r"a\.h5 holds no dataset 'imags'\. Did you mean 'images'\?",
    ),
    "no h5": (text("a.h5"), r"a\.h5 can't be read as an HDF5 file"),
}
