"""A picture as a file: its format by its ending, and the same bytes each time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from vaekit.atomic import write_whole
from vaekit.errors import UserError
from vaekit.figures.style import styled

FORMATS = ("png", "svg", "pdf")
Size = tuple[float, float]  # inches
# Dates would make another file of the same picture.
_UNDATED: dict[str, dict[str, Any]] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
_LEAST = 0.05  # inches of axes, of which a colour bar is the narrowest
_LEAST_LETTER = 4.0  # points
_MOST_PIXELS = 200_000_000  # which take 0.8 GB to draw


@styled()
def save_figure(
    figure: Figure, path: Path, *, dpi: float | None = None, size: Size | None = None
) -> None:
    """Write a picture as PNG, SVG or PDF, by the ending of `path`; see `refuse_format`.

    dpi: pixels an inch; None is the figure's own. size: width and height; None is the figure's own.
        Words stay as large as they are, but for those that would be cut off.

    Raises `UserError` for a size without room, `RunError` if there is no room on the disk or no
    right to.
    """
    refuse_format(path, FORMATS)
    dpi = dpi or figure.dpi
    width, height = size or figure.get_size_inches()
    if width * height * dpi**2 > _MOST_PIXELS:
        raise UserError(
            f"A picture of {width * dpi:,.0f} x {height * dpi:,.0f} pixels is too large: ask for "
            "fewer dpi, or less in it."
        )
    if size is not None:
        resize(figure, size, dpi)
    write_whole(
        path,
        lambda temporary: figure.savefig(
            temporary, dpi=dpi, metadata=_UNDATED.get(path.suffix.lower().removeprefix("."))
        ),
    )


def refuse_format(path: Path, formats: tuple[str, ...]) -> None:
    """Raise `UserError` unless a file's name ends in one of these formats."""
    if path.suffix.lower().removeprefix(".") not in formats:
        *others, last = (f".{name}" for name in formats)
        raise UserError(f"{path} must end in {', '.join(others)} or {last}, its format.")


def resize(figure: Figure, size: Size, dpi: float) -> None:
    """Give a figure its size, to the pixel, and make words smaller that would be cut off."""
    # A hundredth of a pixel more: matplotlib cuts what it computes from inches.
    width, height = ((round(inches * dpi) + 0.01) / dpi for inches in size)
    figure.set_size_inches(width, height)
    for axes in figure.axes:
        locator: Any = axes.get_axes_locator()
        box = locator(axes, None) if locator else axes.get_position()
        if min(box.width * width, box.height * height) < _LEAST:
            raise UserError(
                f"In {size[0]:g}x{size[1]:g} inches this picture has no room beside its words: ask "
                "for a larger size."
            )
    figure.draw_without_rendering()  # which is when words get their places
    renderer: Any = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        if text.get_visible() and text.get_text():
            points = float(text.get_fontsize()) * _fitting(text, renderer)
            text.set_fontsize(max(_LEAST_LETTER, points))


def _fitting(text: Text, renderer: Any) -> float:
    """By how much a text must shrink towards its anchor to lie within its figure; 1 if it does."""
    anchors = text.get_transform().transform(text.get_position())
    figure: Any = text.get_figure(root=True)
    box, share = text.get_window_extent(renderer), 1.0
    for anchor, low, high, side in zip(anchors, box.min, box.max, figure.bbox.max, strict=True):
        if low < 0 < anchor:
            share = min(share, anchor / (anchor - low))
        if high > side > anchor:
            share = min(share, (side - anchor) / (high - anchor))
    return share
