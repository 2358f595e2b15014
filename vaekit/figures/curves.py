"""How a run's loss went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from vaekit.figures.style import COLOURS, styled

# Measures of the result that nothing minimises; `evaluate` gives them.
_LEFT_OUT = ("kl_dim", "mse", "psnr", "active_units")
_ACROSS = 4
_WIDTH, _HEIGHT, _HEADING = 3.0, 2.4, 0.2  # inches
_FEW = 30  # epochs that are marked one by one


@styled()
def draw_curves(history: Sequence[Mapping[str, float]]) -> Figure:
    """The loss, its terms and what the latent tells of an epoch, training and validation.

    history: a row an epoch, as `Run.history` gives them; at least one.
    """
    names = [name.removeprefix("val_") for name in history[-1] if name.startswith("val_")]
    names = [n for n in names if not n.startswith(_LEFT_OUT) and n in history[-1]]
    columns = min(_ACROSS, len(names))
    rows = -(-len(names) // columns)
    whole = rows * _HEIGHT + _HEADING
    figure = Figure(figsize=(columns * _WIDTH, whole))
    for number, name in enumerate(names):
        row, column = divmod(number, columns)
        axes = figure.add_axes(
            (
                (column + 0.19) / columns,
                (whole - _HEADING - (row + 0.8) * _HEIGHT) / whole,
                0.76 / columns,
                0.64 * _HEIGHT / whole,
            )
        )
        axes.set_title(name)
        axes.set_xlabel("epoch", labelpad=2)
        _curve(axes, history, name, "training", COLOURS[0], "-")
        _curve(axes, history, f"val_{name}", "validation", COLOURS[2], "--")
        axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    figure.legend(
        *figure.axes[0].get_legend_handles_labels(), ncols=2, loc="upper left", handlelength=2.5
    )
    return figure


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
