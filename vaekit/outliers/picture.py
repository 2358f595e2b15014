"""The strangest images, each beside where its score comes from."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from vaekit.figures.grid import as_rgb, gap_of, place, scale_of, tile
from vaekit.figures.style import ERRORS, styled
from vaekit.outliers.find import Outliers
from vaekit.pixels import as_floats
from vaekit.types import Images

_SHOWN = 20  # images at most
_COLUMNS = 10  # of pairs of rows


@styled()
def draw_outliers(parts: Sequence[Images], outliers: Sequence[Outliers]) -> Figure:
    """The images with the smallest p-values, and below each its map, all maps on one scale.

    parts: the images, part after part. outliers: of each part, with maps.
    """
    first = outliers[0]
    scores = np.concatenate([part.score for part in outliers])
    places = [(part, at) for part, held in enumerate(outliers) for at in range(len(held.score))]
    which = [places[at] for at in np.argsort(-scores, kind="stable")[:_SHOWN]]
    shown = as_floats(np.stack([parts[part].pixels[at] for part, at in which]))
    maps = np.stack([np.asarray(outliers[part].maps)[at] for part, at in which])
    colours = matplotlib.colormaps[ERRORS](maps / max(float(maps.max()), 1e-12))[..., :3]
    rows = []
    for start in range(0, len(which), _COLUMNS):
        part = slice(start, start + _COLUMNS)
        lacking = _COLUMNS - len(which[part]) if start else 0
        for pictures in (as_rgb(shown[part]), np.rint(colours[part] * 255).astype(np.uint8)):
            white = np.full((lacking, *pictures.shape[1:]), 255, np.uint8)
            rows.append(np.concatenate([pictures, white]))
    canvas = tile(np.concatenate(rows), min(_COLUMNS, len(which)), gap=gap_of(shown))
    count = sum(int(part.outlier.sum()) for part in outliers)
    title = (
        f"{count} of {len(scores)} images are outliers at alpha {first.alpha:g}: the {len(which)} "
        f"strangest, and each pixel's part in the score ({first.calibration.score})"
    )
    return place(canvas, title, scale=scale_of(canvas, shown))[0]
