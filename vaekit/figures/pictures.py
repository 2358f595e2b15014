"""The pictures of a run by name: one table for the end of a training, commands and notebooks."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from vaekit.errors import RunError, UnknownNameError, UserError
from vaekit.figures import film, save
from vaekit.figures.curves import draw_curves
from vaekit.figures.film import Film
from vaekit.figures.grid import COLUMNS
from vaekit.figures.interpolations import draw_interpolations
from vaekit.figures.latent import MOST_POINTS, draw_latent_map
from vaekit.figures.manifold import draw_manifold, has_manifold
from vaekit.figures.reconstructions import draw_reconstructions
from vaekit.figures.samples import draw_samples
from vaekit.figures.traversal import draw_traversal
from vaekit.figures.walk import draw_walk
from vaekit.types import Images
from vaekit.wording import option_text

if TYPE_CHECKING:
    from vaekit.run import Run

HeldOut = Callable[[int], Images]  # the first so many held-out images


def _latent(run: Run, images: HeldOut, *, count: int = MOST_POINTS) -> Figure:
    return draw_latent_map(run, images(count))


def _reconstructions(run: Run, images: HeldOut, *, count: int = COLUMNS) -> Figure:
    return draw_reconstructions(run, images(count))


def _samples(
    run: Run,
    *,
    count: int = 100,
    seed: int = 0,
    labels: Any = None,
    sampler: str | None = None,
    temperature: float = 1.0,
) -> Figure:
    classes = None if labels is None else np.resize(labels, count)
    return draw_samples(run, count, seed, classes, sampler=sampler, temperature=temperature)


def _manifold(run: Run, *, steps: int = 21, label: int | None = None) -> Figure:
    return draw_manifold(run, steps, label=label)


def _traversal(
    run: Run, *, latents: int = 10, steps: int = 7, span: float = 3.0, label: int | None = None
) -> Figure:
    if label is None and run.takes_labels:
        label = 0
    return draw_traversal(run, latents=latents, steps=steps, span=span, label=label)


def _interpolations(
    run: Run, images: HeldOut, *, count: int = 6, steps: int = 10, way: str | None = None
) -> Figure:
    return draw_interpolations(run, images(count), steps, way=way)


def _curves(run: Run) -> Figure:
    history = run.history
    if not history:
        raise RunError(f"{run.path} has ended no epoch, so it has no curves.")
    return draw_curves(history)


def _walk(
    run: Run,
    images: HeldOut,
    *,
    count: int = 6,
    steps: int = 20,
    way: str | None = None,
    rate: int = 20,
) -> Film:
    return draw_walk(run, images(count), steps, way=way, rate=rate)


class Picture(NamedTuple):
    """A picture that runs have.

    draw: its keyword arguments are its options; it takes `images` if it shows held-out ones.
    file: how it is called in `figures/`.
    """

    draw: Callable[..., Figure | Film]
    file: str

    def refuse_data(self) -> None:
        """Raise `UserError` unless the picture shows images of a data source."""
        if "images" not in self.parameters:
            raise UserError(
                f"{Path(self.file).stem} shows no images of a data source: leave out "
                f"{option_text('data')}."
            )

    def refuse_file(self, path: Path) -> None:
        """Raise `UserError` unless a file's name ends in a format that this picture has."""
        if self.file.endswith(film.FORMATS):
            film.refuse_film_format(path)
        else:
            save.refuse_format(path, save.FORMATS)

    @property
    def parameters(self) -> set[str]:
        """What `draw` takes beside the run."""
        return set(inspect.signature(self.draw).parameters) - {"run"}


PICTURES = {
    "latent": Picture(_latent, "latent.png"),
    "reconstructions": Picture(_reconstructions, "reconstructions.png"),
    "samples": Picture(_samples, "samples.png"),
    "manifold": Picture(_manifold, "manifold.png"),
    "traversal": Picture(_traversal, "traversal.png"),
    "interpolations": Picture(_interpolations, "interpolations.png"),
    "curves": Picture(_curves, "loss.png"),
    "walk": Picture(_walk, "walk.gif"),
}


def default_picture(run: Run) -> str:
    """What shows most of a run: the plane of two latents, else draws, else reconstructions."""
    if has_manifold(run.model):
        return "manifold"
    return "reconstructions" if run.model.prior_distribution() is None else "samples"


def picture_named(name: str) -> Picture:
    """A picture by its name, or by the beginning of it.

    Raises `UnknownNameError` with the closest name and all of them.
    """
    names = [known for known in PICTURES if name and known.startswith(name)]
    if len(names) != 1:
        near = difflib.get_close_matches(name, PICTURES, n=1)
        meant = f" Did you mean {near[0]!r}?" if near else ""
        raise UnknownNameError(
            f"No picture {name!r}: the pictures are {', '.join(PICTURES)}.{meant}"
        )
    return PICTURES[names[0]]


def draw_picture(run: Run, name: str, images: HeldOut, **options: Any) -> Figure | Film:
    """Draw a picture of a run by its name.

    images: gives held-out images, for pictures that show some.

    Raises `UnknownNameError` for a name or an option that there isn't, `UserError` with the reason
    for a picture that this run can't have.
    """
    picture = picture_named(name)
    taken = picture.parameters - {"images"}
    for option in options:
        if option not in taken:
            has = f"it has {', '.join(sorted(taken))}" if taken else "it has none"
            raise UnknownNameError(f"The picture {name!r} has no option {option!r}: {has}.")
    if options.get("count", 1) < 1:
        raise UserError(f"A picture can't show {options['count']} images; ask for at least 1.")
    if "images" in picture.parameters:
        options["images"] = images
    return picture.draw(run, **options)
