"""How a run's loss went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from vaekit.errors import RunError
from vaekit.figures.inset import Cell, add_inset
from vaekit.figures.style import COLOURS, StyledFigure, styled

# Measures of the result that nothing minimises; `evaluate` gives them.
_LEFT_OUT = ("kl_dim", "mse", "psnr", "active_units")
_ACROSS = 4
_WIDTH, _HEIGHT, _HEADING = 3.0, 2.4, 0.2  # inches
_LEAST_WIDTH = 1.6
_FEW = 30  # epochs that are marked one by one


@styled()
def draw_curves(history: Sequence[Mapping[str, float]]) -> Figure:
    """The loss, its terms and what the latent tells of an epoch, training and validation.

    history: a row an epoch, as `Run.history` gives them; at least one.

    Raises `RunError` where nothing is known of held-out images.
    """
    names = [name.removeprefix("val_") for name in history[-1] if name.startswith("val_")]
    names = [n for n in names if not n.startswith(_LEFT_OUT) and n in history[-1]]
    if not names:
        raise RunError("There are no curves, since no held-out images were measured.")
    columns = min(_ACROSS, len(names))
    rows = -(-len(names) // columns)
    figure = StyledFigure(figsize=(columns * _WIDTH, rows * _HEIGHT + _HEADING))
    for number, name in enumerate(names):
        cell = partial(_cell, number, len(names))
        axes = add_inset(figure, left=0.57, bottom=0.45, right=0.15, top=0.3, cell=cell)
        axes.set_title(name)
        axes.set_xlabel("epoch", labelpad=2)
        _curve(axes, history, name, "training", COLOURS[0], "-")
        _curve(axes, history, f"val_{name}", "validation", COLOURS[2], "--")
        axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    figure.legend(
        *figure.axes[0].get_legend_handles_labels(), ncols=2, loc="upper left", handlelength=2.5
    )
    return figure


def _cell(number: int, count: int, width: float, height: float) -> Cell:
    """Where one of so many curves lies: below each other in a figure that is narrow."""
    columns = max(1, min(_ACROSS, count, int(width / _LEAST_WIDTH)))
    rows = -(-count // columns)
    row, column = divmod(number, columns)
    below_heading = 1 - _HEADING / height
    return Cell(
        left=column / columns,
        bottom=below_heading * (1 - (row + 1) / rows),
        right=(column + 1) / columns,
        top=below_heading * (1 - row / rows),
    )


def _curve(
    axes: Axes,
    history: Sequence[Mapping[str, float]],
    name: str,
    label: str,
    colour: str,
    line: str,
) -> None:
    """The epochs that have a value of this name."""
    points = [(row["epoch"], row[name]) for row in history if name in row]
    marker = "o" if len(points) <= _FEW else ""
    axes.plot(
        *zip(*points, strict=True), line, marker=marker, markersize=3, color=colour, label=label
    )
