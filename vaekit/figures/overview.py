"""A run at a glance, for a notebook: its curves and its latent map, small, beside each other."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from PIL import Image

from vaekit.figures.curves import draw_curves
from vaekit.figures.latent import draw_latent_map
from vaekit.figures.save import Size, resize
from vaekit.figures.style import styled
from vaekit.types import Images

if TYPE_CHECKING:
    from vaekit.run import Run

_CURVES = ("loss", "elbo", "kl")
_DPI, _HEIGHT = 110, 2.7  # inches
_COLOURS = 64  # which are enough for lines and points, and make a third of the file
_CURVE_WIDTH, _MAP_WIDTH = 1.8, 3.4


def draw_overview(run: Run, images: Images | None) -> bytes | None:
    """A PNG of the curves of loss, ELBO and KL, and of the latent map of `images`.

    None where the run has ended no epoch and there are no images.
    """
    drawn: list[tuple[Figure, float]] = []
    rows = [
        {name: row[name] for name in row if name.removeprefix("val_") in ("epoch", *_CURVES)}
        for row in run.history
    ]
    if any(f"val_{name}" in row for name in _CURVES for row in rows[-1:]):
        curves = draw_curves(rows)
        drawn.append((curves, _CURVE_WIDTH * len(curves.axes)))
    if images is not None and len(images.pixels):
        drawn.append((draw_latent_map(run, images), _MAP_WIDTH))
    if not drawn:
        return None
    parts = [_small(figure, (width, _HEIGHT)) for figure, width in drawn]
    whole = Image.new("RGB", (sum(part.width for part in parts), parts[0].height), "white")
    left = 0
    for part in parts:
        whole.paste(part, (left, 0))
        left += part.width
    png = io.BytesIO()
    whole.quantize(_COLOURS).save(png, "PNG", optimize=True)
    return png.getvalue()


@styled()
def _small(figure: Figure, size: Size) -> Image.Image:
    resize(figure, size, _DPI)
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=_DPI)
    return Image.open(png).convert("RGB")
