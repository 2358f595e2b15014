"""The still pictures of a page."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from matplotlib.figure import Figure

from vaekit.data import take
from vaekit.errors import UserError
from vaekit.figures import (
    PICTURES,
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
# Those that are drawn as the files of `figures/` are; the last two are of held-out images.
_AS_FILES = {
    "Manifold": "manifold",
    "Samples": "samples",
    "Traversals": "traversal",
    "Curves": "curves",
    "Latent map": "latent",
    "Reconstructions": "reconstructions",
}
_OF_IMAGES = ("Latent map", "Reconstructions")


class Pictures(NamedTuple):
    """Pictures as addresses that hold them, by their titles.

    pictures: of what the model makes. stills: of what the page's charts show, for a browser that
    can't draw them. left_out: a sentence for each picture that there is none of.
    """

    pictures: Mapping[str, str]
    stills: Mapping[str, str]
    left_out: list[str]


def pictures_of(run: Run, shown: Images, files: Mapping[str, Path] | None = None) -> Pictures:
    """Every picture that the run has; a latent or a prior may have none of some.

    files: those that lie in these files already, by their titles; see `drawn_already`.
    """
    files = files or {}
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
    return Pictures(_drawn(drawing, files, left_out), _drawn(stills, files, left_out), left_out)


def drawn_already(run: Run, drawn: Collection[Path], *, whole: bool) -> dict[str, Path]:
    """The pictures of a page, by title, that are among the files which were `drawn` just now.

    whole: whether the page shows the images that they are of, all of them and no others.
    """
    files = {
        title: run.directory.figures / PICTURES[name].file
        for title, name in _AS_FILES.items()
        if whole or title not in _OF_IMAGES
    }
    return {title: path for title, path in files.items() if path in drawn}


def _drawn(
    drawing: Mapping[str, Callable[[], Figure]], files: Mapping[str, Path], left_out: list[str]
) -> dict[str, str]:
    """Those that can be drawn; why the others can't is added to `left_out`."""
    pictures = {}
    for title, draw in drawing.items():
        try:
            pictures[title] = data_url(_from_file(files.get(title)) or _png(draw()), "image/png")
        except UserError as error:
            left_out.append(f"{title}: {error}")
    return pictures


def _from_file(path: Path | None) -> bytes | None:
    if path is not None:
        with suppress(OSError):  # it is gone already, so it is drawn again
            return path.read_bytes()
    return None


@styled()
def _png(figure: Figure) -> bytes:
    png = io.BytesIO()
    figure.savefig(png, format="png")
    return png.getvalue()
