"""Grey images in black and white: by a threshold, or by a draw whose probability is the grey.

Salakhutdinov and Murray, "On the quantitative analysis of deep belief networks" (ICML 2008), drew
MNIST so; a Bernoulli likelihood of such pixels is a probability, and figures of it compare.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping

import numpy as np

from vaekit.config import Binarization
from vaekit.data.stored import Change, changed
from vaekit.pixels import WHITE, as_floats
from vaekit.types import Images

# What each does, for people.
BINARIZATIONS: Mapping[Binarization, str] = {
    "dynamic": "training images are drawn anew in each step, others once by the seed",
    "static": "each image is drawn once, by the seed",
    "threshold": "what is brighter than mid-grey is white",
}


def binarized(images: Images, how: Binarization | None, seed: int) -> Images:
    """Images of which each value is 0 or 255, uint8; as they are where `how` is None.

    threshold: white from 0.5 on. static, dynamic: white with the grey as its probability, by one
    draw, a function of `seed` and the image alone: neither its place nor the images beside it
    change it. What is black and white already stays so.
    """
    if how is None:
        return images
    pixels, change = images.pixels, _CHANGES[how](seed)
    return images._replace(pixels=changed(pixels, change, pixels.shape[1:], np.uint8))


def to_train_on(images: Images, how: Binarization | None, seed: int) -> Images:
    """The same of training images, but grey where each step is to draw them anew: `dynamic`."""
    return images if how == "dynamic" else binarized(images, how, seed)


def _threshold(seed: int) -> Change:
    return lambda pixels: _white(as_floats(pixels) >= 0.5)


def _draw(seed: int) -> Change:
    def change(pixels: np.ndarray) -> np.ndarray:
        grey = as_floats(pixels)
        levels = np.rint(grey * WHITE).astype(np.uint8)  # the same of bytes and of their floats
        uniform = np.empty(grey.shape, np.float32)
        for image, out in zip(levels, uniform, strict=True):
            bits = np.random.Philox(key=np.array([seed, zlib.crc32(image.tobytes())], np.uint64))
            np.random.Generator(bits).random(out=out, dtype=np.float32)
        return _white(uniform < grey)

    return change


_CHANGES: Mapping[Binarization, Callable[[int], Change]] = {
    "threshold": _threshold,
    "static": _draw,
    "dynamic": _draw,
}


def _white(where: np.ndarray) -> np.ndarray:
    return where.astype(np.uint8) * np.uint8(WHITE)
