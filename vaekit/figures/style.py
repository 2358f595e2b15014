"""The one look of all pictures; the user's own matplotlib settings neither show nor change."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib.style
from matplotlib.figure import Figure

from vaekit.figures.names import PLAIN

DPI = 150
_DPI_INLINE = 0.75 * DPI  # a notebook has room for some 900 pixels beside each other
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
    # Type 3 fonts, the default, are refused by many a journal.
    "pdf.fonttype": 42,
    # Names within an SVG are made of this instead of chance.
    "svg.hashsalt": "vaekit",
}


@contextmanager
def styled() -> Iterator[None]:
    """While entered, or around each call of what it decorates, figures have the kit's style."""
    with matplotlib.style.context(_STYLE, after_reset=True):
        yield


class StyledFigure(Figure):
    """A figure that has the kit's style wherever it is drawn, also after its user changed it.

    matplotlib makes ticks and their labels only when it draws.
    """

    @styled()
    def draw(self, renderer: Any) -> None:
        super().draw(renderer)

    @styled()
    def _repr_png_(self) -> bytes:
        """What a notebook shows, with or without `%matplotlib inline`."""
        png = io.BytesIO()
        self.savefig(png, format="png", dpi=_DPI_INLINE)
        return png.getvalue()
