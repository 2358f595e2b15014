"""The one look of all pictures; the user's own matplotlib settings neither show nor change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib.style
from matplotlib.figure import Figure

from vaekit.atomic import write_whole
from vaekit.figures.names import PLAIN

DPI = 150
INK = "#333333"  # words, axes
FAINT = "#8c8c8c"  # what stands behind the data

# Ten colours that people with each kind of colour blindness can tell apart.
# Petroff, "Accessible Color Sequences for Data Visualization" (arXiv:2107.02270), its table of ten.
COLOURS = (
    *("#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6"),
    *("#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd"),
)
# Even steps of lightness, so that they read in grey as well.
SEQUENCE = "viridis"
ERRORS = "magma"

_STYLE: dict[str, Any] = {
    "figure.dpi": DPI,
    "savefig.dpi": "figure",
    "figure.facecolor": "white",
    "font.family": "sans-serif",
    "font.sans-serif": [PLAIN],
    "font.size": 9,
    "text.color": INK,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "axes.labelcolor": INK,
    "axes.edgecolor": FAINT,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
}


@contextmanager
def styled() -> Iterator[None]:
    """While entered, or around each call of what it decorates, figures have the kit's style.

    They are to be saved in it, too: matplotlib makes ticks and their labels only then.
    """
    with matplotlib.style.context(_STYLE, after_reset=True):
        yield


@styled()
def save_figure(figure: Figure, path: Path) -> None:
    """Write a picture as PNG. Raises `RunError` if there is no room or no right to."""
    write_whole(path, lambda temporary: figure.savefig(temporary))
