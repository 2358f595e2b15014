"""Classes in pictures: what each is called, and a row of images for each."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from vaekit.figures.grid import COLUMNS, Margins, as_rgb, gap_of, place, scale_of, tile
from vaekit.figures.names import Shown, shown_name
from vaekit.figures.style import styled

if TYPE_CHECKING:
    from vaekit.run import Run

LETTER = 15  # pixels of the picture that a letter of a name takes
_FEWEST = 5  # images of a class


def class_name(run: Run, label: float) -> Shown:
    """A label by the name of its class in the run's data, or as the number that it is."""
    stored = run.record.data.class_names or ()
    return shown_name(stored[int(label)] if label in range(len(stored)) else f"{label:g}")


def classes_in_turn(classes: int, count: int) -> np.ndarray:
    """Labels `(count,)`: as many of each class, and of so many classes that each has a few."""
    return np.arange(count) % min(classes, math.ceil(count / _FEWEST))


@styled()
def draw_class_rows(run: Run, images: np.ndarray, labels: np.ndarray, title: str) -> Figure:
    """Images `(N, H, W, C)` in [0, 1] in a row for each class, its name beside it.

    labels: `(N,)`. What is too much for a row goes on in the next one.
    """
    columns = max(COLUMNS, round(len(images) ** 0.5))
    pixels, gap = as_rgb(images), gap_of(images)
    rows: list[np.ndarray] = []
    names: list[tuple[int, Shown]] = []
    shown = np.unique(labels)
    widest = min(columns, max(int(np.sum(labels == label)) for label in shown))
    for label in shown:
        names.append((len(rows), class_name(run, label)))
        own = pixels[labels == label]
        for start in range(0, len(own), widest):
            part = own[start : start + widest]
            filled = np.full((widest, *pixels.shape[1:]), 255, np.uint8)
            filled[: len(part)] = part
            rows.append(filled)
    canvas = tile(np.concatenate(rows), widest, gap=gap)
    condition = run.model.condition
    classes = len(shown) if condition is None else condition.classes
    figure, axes = place(
        canvas,
        title if len(shown) == classes else f"{title}; {len(shown)} of {classes} classes",
        scale=scale_of(canvas, images),
        margins=Margins(left=Margins().left + LETTER * max(name.columns for _, name in names)),
    )
    height = images.shape[1]
    for row, name in names:
        y = row * (height + gap) + height / 2
        axes.text(-gap, y, name.text, ha="right", va="center", fontfamily=name.families)
    return figure
