"""The dataset `old-dataset`."""

import numpy as np
import vaekit

SIZE = 16  # pixels
CLASSES = ("disc", "square", "cross")


def dataset() -> vaekit.Dataset:
    """600 training and 120 test images of a disc, a square or a cross; 16x16, grey, uint8.

    They are drawn anew each time, the same each time. Yours may read files instead: pixels are
    `(N, H, W, C)`, uint8 or float32 in [0, 1]; labels `(N,)` count from 0, or are None. What can't
    be had raises `vaekit.DataUnavailableError`.
    """
    return vaekit.Dataset(
        "old-dataset",
        train=_drawn(600, seed=0),
        test=_drawn(120, seed=1),
        classes=CLASSES,
        stored="uint8, 0..255",
    )


def _drawn(count: int, seed: int) -> vaekit.Images:
    rng = np.random.default_rng(seed)
    labels = rng.integers(len(CLASSES), size=count)
    row, column = rng.uniform(4, SIZE - 5, (2, count, 1, 1))
    radius = rng.uniform(2.5, 4.5, (count, 1, 1))
    rows, columns = np.mgrid[:SIZE, :SIZE]
    down, right = np.abs(rows - row), np.abs(columns - column)
    far, near = np.maximum(down, right), np.minimum(down, right)
    shapes = np.stack(
        [np.hypot(down, right) <= radius, far <= radius, (far <= radius) & (near <= 1)]
    )
    inside = shapes[labels, np.arange(count)]
    return vaekit.Images(inside[..., np.newaxis].astype(np.uint8) * 255, labels)
