"""The still pictures of a page."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import NamedTuple

from matplotlib.figure import Figure

from vaekit.data import take
from vaekit.errors import UserError
from vaekit.figures import (
    draw_curves,
    draw_interpolations,
    draw_latent_map,
    draw_manifold,
    draw_reconstructions,
    draw_samples,
    draw_traversal,
)
from vaekit.figures.manifold import has_manifold
from vaekit.figures.style import styled
from vaekit.page import data_url
from vaekit.run import Run
from vaekit.types import Images

_SAMPLES, _RECONSTRUCTED, _ENDS, _STEPS = 100, 10, 6, 8


class Pictures(NamedTuple):
    """Pictures as addresses that hold them, by their titles.

    pictures: of what the model makes. stills: of what the page's charts show, for a browser that
    can't draw them. left_out: a sentence for each picture that there is none of.
    """

    pictures: Mapping[str, str]
    stills: Mapping[str, str]
    left_out: list[str]


def pictures_of(run: Run, shown: Images) -> Pictures:
    """Every picture that the run has; a latent or a prior may have none of some."""
    label = None if run.model.condition is None else 0
    count = len(shown.pixels)
    history = run.history
    drawing: dict[str, Callable[[], Figure]] = {"Samples": lambda: draw_samples(run, _SAMPLES)}
    left_out = []
    if has_manifold(run.model):
        drawing = {"Manifold": lambda: draw_manifold(run), **drawing}
    else:
        left_out.append("Manifold: it is for two real values under N(0, I), without a condition.")
    if count:
        first = take(shown, slice(_RECONSTRUCTED))
        drawing["Reconstructions"] = lambda: draw_reconstructions(run, first)
    drawing["Traversals"] = lambda: draw_traversal(run, label=label)
    if count > 1:
        ends = take(shown, slice(_ENDS))
        drawing["Interpolations"] = lambda: draw_interpolations(run, ends, _STEPS)
    stills: dict[str, Callable[[], Figure]] = {}
    if count:
        stills["Latent map"] = lambda: draw_latent_map(run, shown)
    if any(name.startswith("val_") for name in (history or [{}])[-1]):
        stills["Curves"] = lambda: draw_curves(history)
    return Pictures(_drawn(drawing, left_out), _drawn(stills, left_out), left_out)


def _drawn(drawing: Mapping[str, Callable[[], Figure]], left_out: list[str]) -> dict[str, str]:
    """Those that can be drawn; why the others can't is added to `left_out`."""
    pictures = {}
    for title, draw in drawing.items():
        try:
            pictures[title] = _png(draw())
        except UserError as error:
            left_out.append(f"{title}: {error}")
    return pictures


@styled()
def _png(figure: Figure) -> str:
    png = io.BytesIO()
    figure.savefig(png, format="png")
    return data_url(png.getvalue(), "image/png")
