"""Axes that keep room for their words, whatever size the figure is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox


class Cell(NamedTuple):
    """A part of a figure, in shares of its width and height, from its lower left corner."""

    left: float = 0.0
    bottom: float = 0.0
    right: float = 1.0
    top: float = 1.0


def _whole(_width: float, _height: float) -> Cell:
    return Cell()


def add_inset(
    figure: Figure,
    *,
    left: float,
    bottom: float,
    right: float,
    top: float,
    cell: Callable[[float, float], Cell] = _whole,
) -> Axes:
    """New axes so many inches away from the sides of their cell; words don't grow with a figure.

    cell: of a figure's width and height, in inches; the whole figure if it isn't given.
    """

    def place(_axes: Any, _renderer: Any) -> Bbox:
        width, height = figure.get_size_inches()
        part = cell(width, height)
        return Bbox.from_extents(
            part.left + left / width,
            part.bottom + bottom / height,
            part.right - right / width,
            part.top - top / height,
        )

    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_position(place(axes, None))
    axes.set_axes_locator(place)
    return axes
