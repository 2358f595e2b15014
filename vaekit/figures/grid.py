"""Images in rows and columns, each of their pixels a square of whole pixels of the picture."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vaekit.figures.inset import add_inset
from vaekit.figures.style import DPI, StyledFigure, styled

COLUMNS = 10
# In pixels of the picture.
_WIDTH = 1200  # about that of a grid
_LEAST_WIDTH = 720  # what a title takes
_LARGEST = 320  # side of one image, however few there are
_MARGIN = 12
_HEADING = 44


class Margins(NamedTuple):
    """Room beside a grid for words, in pixels of the picture."""

    left: int = _MARGIN
    right: int = _MARGIN
    bottom: int = _MARGIN


_PLAIN = Margins()


@styled()
def draw_grid(images: np.ndarray, title: str, *, columns: int | None = None) -> Figure:
    """Images `(N, H, W, C)` in [0, 1] in rows; grey for one channel, colour for three.

    columns: 10 if not given, and for more than a hundred images as many as there are rows.
    """
    columns = columns or max(COLUMNS, round(len(images) ** 0.5))
    canvas = tile(as_rgb(images), columns, gap=gap_of(images))
    return place(canvas, title, scale=scale_of(canvas, images))[0]


def as_rgb(images: np.ndarray) -> np.ndarray:
    """Images `(N, H, W, C)` in [0, 1] as `(N, H, W, 3)`, uint8.

    Two channels, or more than three, have no colours of their own: their mean is shown.
    """
    if images.shape[-1] != 3:
        images = np.repeat(images.mean(axis=-1, keepdims=True), 3, axis=-1)
    return np.rint(np.clip(images, 0.0, 1.0) * 255).astype(np.uint8)


def tile(images: np.ndarray, columns: int, *, gap: int) -> np.ndarray:
    """One image `(H, W, 3)` of many `(N, h, w, 3)` in rows, white between them."""
    count, height, width, channels = images.shape
    columns = min(columns, count)
    rows = -(-count // columns)
    shape = (rows * (height + gap) - gap, columns * (width + gap) - gap, channels)
    canvas = np.full(shape, 255, np.uint8)
    for number, image in enumerate(images):
        top, left = number // columns * (height + gap), number % columns * (width + gap)
        canvas[top : top + height, left : left + width] = image
    return canvas


def gap_of(images: np.ndarray) -> int:
    """What lies between images `(N, H, W, C)`, in their pixels."""
    return max(1, max(images.shape[1:3]) // 14)


def scale_of(canvas: np.ndarray, images: np.ndarray) -> int:
    """How many pixels of the picture a pixel of the canvas takes on a side."""
    return max(1, min(round(_WIDTH / canvas.shape[1]), _LARGEST // max(images.shape[1:3])))


def enlarge(canvas: np.ndarray, scale: int) -> np.ndarray:
    """Each pixel of `(H, W, C)` as a square of `scale` by `scale` equal ones."""
    return canvas.repeat(scale, axis=0).repeat(scale, axis=1)


def place(
    canvas: np.ndarray, title: str, *, scale: int, margins: Margins = _PLAIN
) -> tuple[Figure, Axes]:
    """A figure of `canvas` `(H, W, 3)`, uint8, enlarged by a whole `scale` and not resampled.

    Its axes lie on the canvas and measure in the canvas's pixels. In a figure of another size the
    canvas keeps its proportions, and the words beside it their room.
    """
    height, width = canvas.shape[0] * scale, canvas.shape[1] * scale
    room = max(margins.left + width + margins.right, _LEAST_WIDTH)
    left = margins.left + (room - margins.left - width - margins.right) // 2
    whole = _HEADING + height + margins.bottom
    # A hundredth of a pixel more: matplotlib cuts what it computes from inches.
    figure = StyledFigure(figsize=((room + 0.01) / DPI, (whole + 0.01) / DPI))
    # Placed by hand: a layout engine would draw the picture twice to find out the same.
    axes = add_inset(
        figure,
        left=left / DPI,
        bottom=margins.bottom / DPI,
        right=(room - left - width) / DPI,
        top=_HEADING / DPI,
    )
    # Of "none", each format keeps the pixels as they are, and leaves them to who shows it.
    axes.imshow(canvas, extent=(0, canvas.shape[1], canvas.shape[0], 0), interpolation="none")
    axes.set(xticks=[], yticks=[], title=title)
    axes.spines[:].set_visible(False)
    return figure, axes
