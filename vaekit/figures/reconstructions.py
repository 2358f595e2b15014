"""Images, what a run makes of them, and what it gets wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from vaekit.figures.grid import COLUMNS, Margins, as_rgb, gap_of, place, scale_of, tile
from vaekit.figures.inset import Cell, add_inset
from vaekit.figures.style import DPI, ERRORS, styled
from vaekit.pixels import as_floats
from vaekit.types import Images, Pixels, as_images

if TYPE_CHECKING:
    from vaekit.run import Run

_ROWS = ("image", "reconstruction", "error")


@styled()
def draw_reconstructions(run: Run, originals: Images | Pixels) -> Figure:
    """Images, their reconstructions through the z that stands for each, and the absolute error.

    originals: as a `Dataset` holds them, at least one; with their labels in a run with a condition.
    Of more than ten images, ten stand beside each other. The error is the mean over the channels,
    in units of [0, 1].
    """
    originals = as_images(originals)
    images = as_floats(originals.pixels[:])
    rebuilt = run.reconstruct(originals)
    error = np.abs(images - rebuilt).mean(axis=-1)
    # The next tenth up, so that like errors look alike in two runs.
    most = max(0.1, np.ceil(round(float(error.max()) * 10, 3)) / 10)
    coloured = (colormaps[ERRORS](error / most)[..., :3] * 255).round().astype(np.uint8)

    gap = gap_of(images)
    canvas = _bands([as_rgb(images), as_rgb(rebuilt), coloured], gap)
    figure, axes = place(
        canvas,
        "Held-out images and their reconstructions",
        scale=scale_of(canvas, images),
        margins=Margins(left=160, bottom=78),
    )
    height = images.shape[1]
    for band, top in enumerate(range(0, canvas.shape[0], height + gap)):
        axes.text(
            -gap, top + height / 2, _ROWS[band % 3], ha="right", va="center", fontsize="medium"
        )
    _scale_below(figure, most)
    return figure


def _bands(kinds: list[np.ndarray], gap: int) -> np.ndarray:
    """Ten images of each kind below each other, then the next ten."""
    height, width = kinds[0].shape[1:3]
    columns = min(COLUMNS, len(kinds[0]))
    blank = np.full((1, height, width, 3), 255, np.uint8)
    rows = []
    for start in range(0, len(kinds[0]), columns):
        for images in kinds:
            row = images[start : start + columns]
            rows += [row, *[blank] * (columns - len(row))]
    return tile(np.concatenate(rows), columns, gap=gap)


def _scale_below(figure: Figure, most: float) -> None:
    """A bar at the foot that says which colour stands for which error."""
    half = 130 / DPI
    axes = add_inset(
        figure,
        left=-half,
        bottom=44 / DPI,
        right=-half,
        top=-56 / DPI,
        cell=lambda _width, _height: Cell(left=0.5, right=0.5, top=0.0),
    )
    bar = figure.colorbar(
        ScalarMappable(Normalize(0.0, most), ERRORS), cax=axes, orientation="horizontal"
    )
    bar.set_ticks([0.0, most / 2, most])
    bar.outline.set_visible(False)
    axes.text(-0.04, 0.5, "error", ha="right", va="center", transform=axes.transAxes)
    axes.text(1.04, 0.5, "of a range of 0 to 1", ha="left", va="center", transform=axes.transAxes)
