"""dSprites, the data set that disentanglement is measured on."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le, Lt

import vaekit
from vaekit.default_plugins.download import cached

NAME = "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.hdf5"
URL = (
    "https://github.com/deepmind/dsprites-dataset/raw/fa310c66517cfc1939d77fe17c725154efc97127/"
    + NAME
)
# As TensorFlow Datasets has it (`datasets/dsprites/checksums.tsv`).
SHA256 = "729fa22e884c9c500e1f17415d580746b4c5894fbbb780a1319bbcfa39a745bb"

SHAPES = ("square", "ellipse", "heart")
# The file holds every combination once, the last factor changing first. A sixth factor, color, is
# white throughout.
FACTORS = {"shape": len(SHAPES), "scale": 6, "orientation": 40, "posX": 32, "posY": 32}
COUNT = math.prod(FACTORS.values())  # 737,280
TOGETHER = 8192  # images read at once, 32 MB


def dsprites(
    *,
    images: Annotated[int, Ge(1), Le(COUNT)] = 100_000,
    seed: Annotated[int, Ge(0), Lt(2**31)] = 0,
) -> vaekit.Dataset:
    """dSprites: white squares, ellipses and hearts of known factors, 64x64, uint8; no test set.

    By L. Matthey, I. Higgins, D. Hassabis and A. Lerchner (github.com/deepmind/dsprites-dataset,
    2017); Apache License 2.0. An image's label is which shape it is, and its factors are that and
    four others. From Keras's cache, else downloaded (28 MB) with its hash checked.

    Args:
        images: how many of the 737,280 to take, drawn evenly; all of them fill 3 GB.
        seed: decides which, and their order.
    """
    path = cached("dsprites", f"dsprites/{NAME}", SHA256, URL, instead="shapes")
    sizes = tuple(FACTORS.values())
    numbers = np.random.default_rng(seed).permutation(math.prod(sizes))[:images]
    factors = np.stack(np.unravel_index(numbers, sizes), axis=1)
    return vaekit.Dataset(
        "dsprites",
        vaekit.Images(_pixels(path, numbers), factors[:, 0].copy(), factors=factors),
        classes=SHAPES,
        stored="uint8, 0 and 1",
        factors=FACTORS,
    )


def _pixels(path: Path, numbers: np.ndarray) -> np.ndarray:
    """The images of these numbers, in that order: `(N, 64, 64, 1)`, 0 or 255.

    Never more of the file is held than they are. Its hash is known, so it is safe to open.
    """
    import h5py

    pixels = np.empty((len(numbers), 64, 64, 1), np.uint8)
    with h5py.File(path) as file:
        stored = file["imgs"]
        for start in range(0, len(stored), TOGETHER):
            wanted = np.flatnonzero((numbers >= start) & (numbers < start + TOGETHER))
            if len(wanted):
                part = stored[start : start + TOGETHER]
                pixels[wanted, ..., 0] = 255 * part[numbers[wanted] - start]
    return pixels
