"""The way from image to image."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from vaekit.figures.classes import LETTER
from vaekit.figures.grid import Margins, as_rgb, gap_of, place, scale_of, tile
from vaekit.figures.names import shown_name
from vaekit.figures.style import styled
from vaekit.pixels import as_floats
from vaekit.types import Images, Pixels, as_images

if TYPE_CHECKING:
    from vaekit.run import Run


@styled()
def draw_interpolations(
    run: Run,
    originals: Images | Pixels,
    steps: int,
    names: Sequence[str] = (),
    *,
    way: str | None = None,
) -> Figure:
    """What lies in z between each image and the next: a row a pair, between the images themselves.

    originals: images as a `Dataset` holds them; with their labels in a run with a condition, where
    each row is decoded in the class of its first. names: what to call them; none is written where
    there are none. way: as for `Run.interpolate`.
    """
    originals = as_images(originals)
    images = as_floats(originals.pixels[:])
    paths = run.interpolate(originals, steps=steps, way=way)
    rows = np.concatenate([images[:-1, None], paths, images[1:, None]], axis=1)
    gap = gap_of(images)
    canvas = tile(as_rgb(rows.reshape(-1, *images.shape[1:])), steps + 2, gap=gap)
    by = "" if way is None else f", on the {way} way"
    held = "" if run.model.condition is None else ", in the class of the first"
    shown = [shown_name(name) for name in names]
    room = LETTER * max((name.columns for name in shown), default=0)
    figure, axes = place(
        canvas,
        f"Images, and what lies between them in z{by}{held}",
        scale=scale_of(canvas, images),
        margins=Margins(left=Margins().left + room, right=Margins().right + room),
    )
    height = images.shape[1]
    for row, ends in enumerate(pairwise(shown)):
        y = row * (height + gap) + height / 2
        for name, x, side in zip(
            ends, (-gap, canvas.shape[1] + gap), ("right", "left"), strict=True
        ):
            axes.text(x, y, name.text, ha=side, va="center", fontfamily=name.families)
    return figure
