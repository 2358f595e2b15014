"""Data sets: eight images of two classes, and a fault."""

from __future__ import annotations

import numpy as np

import vaekit
from tests.testing.gallery.shown import breaks


def eight(pixels=None, labels=None):
    if pixels is None:
        pixels = np.arange(512, dtype="uint16").reshape(8, 8, 8, 1).astype("uint8")
    labels = np.arange(8) % 2 if labels is None else labels
    return vaekit.Dataset("eight", vaekit.Images(pixels, labels), classes=("even", "odd"))


@breaks("dataset", "pixels_are_images")
def is_not_scaled():
    return eight(np.full((8, 8, 8, 1), 255.0, "float32"))


@breaks("dataset", "labels_fit")
def lacks_a_label():
    return eight(labels=np.arange(7) % 2)


@breaks("dataset", "factors_fit")
def goes_beyond_a_factor():
    dataset = eight()
    train = dataset.train._replace(factors=np.arange(16).reshape(8, 2) % 3)
    return dataset._replace(train=train, factors={"a": 3, "b": 2})


class ReadOnce(np.ndarray):
    """Pixels that are black once they have been read."""

    def __getitem__(self, key):
        pixels = self.view(np.ndarray)
        images = pixels[key].copy()
        pixels[key] = 0
        return images


@breaks("dataset", "can_be_gone_through_again")
def is_spent():
    return eight(np.full((8, 8, 8, 1), 7, "uint8").view(ReadOnce))


@breaks("dataset", "reads_the_same_twice")
def shuffles():
    return eight(np.random.default_rng().integers(0, 256, (8, 8, 8, 1), "uint8"))


_PIXELS = np.zeros((8, 8, 8, 1), "uint8")


@breaks("dataset", "readings_share_no_memory")
def hands_out_its_own_array():
    return eight(_PIXELS)


@breaks("dataset", "options_are_explained")
def does_not_say_of_what(*, part: int = 0):
    return eight()
