"""What the decoder makes of the prior N(0, I) of two latents."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from vaekit.errors import UserError
from vaekit.figures.classes import class_name
from vaekit.figures.grid import Margins, as_rgb, place, scale_of, tile
from vaekit.figures.style import styled
from vaekit.model import VAE
from vaekit.wording import option_text

if TYPE_CHECKING:
    from vaekit.run import Run


_MOST_PIXELS = 13_000  # of a side


@styled()
def draw_manifold(run: Run, side: int = 21, *, label: int | None = None) -> Figure:
    """The images of a two-dimensional latent space, on a grid of the quantiles of N(0, I).

    label: the class to decode in, in a run with a condition. Kingma and Welling, "Auto-Encoding
    Variational Bayes" (arXiv:1312.6114), figure 4.

    Raises `UserError` for a run without such a plane, and for a picture that is too large.
    """
    _refuse(run, side, label)
    z = plane(side)
    images = run.decode(z, None if label is None else np.full(len(z), label))
    canvas = tile(as_rgb(images), side, gap=0)
    of_class = "" if label is None else f", class {class_name(run, label).text}"
    figure, axes = place(
        canvas,
        "Decoded at the quantiles of the prior N(0, I)" + of_class,
        scale=scale_of(canvas, images),
        margins=Margins(left=100, bottom=72),
    )
    height, width = images.shape[1:3]
    marked = np.unique(np.linspace(0, side - 1, 5).round().astype(int))
    names = [f"{quantiles(side)[number]:.2f}".replace("-", "\N{MINUS SIGN}") for number in marked]
    axes.set_xticks((marked + 0.5) * width, names)
    axes.set_yticks((side - marked - 0.5) * height, names)
    axes.set(xlabel="z 1", ylabel="z 2")
    return figure


def has_manifold(model: VAE) -> bool:
    """Whether there is one plane of z to show: two real values under N(0, I), and no classes."""
    return _is_plane(model) and model.condition is None


def _is_plane(model: VAE) -> bool:
    real = model.latent_shape == (2,) and model.latent.support == "real"
    return real and model.has_standard_prior


def _refuse(run: Run, side: int, label: int | None) -> None:
    """Raise `UserError` where there is no such plane, or no room for the picture of it."""
    model = run.model
    if not _is_plane(model):
        shape = " x ".join(map(str, model.latent_shape))
        raise UserError(
            f"{run.path} has no manifold to draw: that takes two real values of z under N(0, I), "
            f"and z is {shape} under {'it' if model.has_standard_prior else 'another prior'}."
        )
    if label is None and run.takes_labels:
        raise UserError(f"{run.path} goes by the class of an image: say {option_text('label', 0)}.")
    if label is not None and not run.takes_labels:
        raise UserError(f"{run.path} has no condition, so leave out {option_text('label')}.")
    if side < 2:
        raise UserError(f"A manifold has at least 2 steps on a side, not {side}.")
    pixels = side * max(model.image_shape[:2])
    if pixels > _MOST_PIXELS:
        raise UserError(
            f"A manifold of {side} steps would have {pixels:,} pixels on a side: at most "
            f"{_MOST_PIXELS // max(model.image_shape[:2])} steps have room in a picture."
        )


def plane(side: int) -> np.ndarray:
    """Latents `(side * side, 2)`, row by row from the top left, as `draw_manifold` shows them."""
    at = quantiles(side)
    return np.array([(x, y) for y in at[::-1] for x in at])


def quantiles(side: int) -> list[float]:
    """So many of N(0, 1), evenly spread in probability between 2 % and 98 %."""
    return [NormalDist().inv_cdf(share) for share in np.linspace(0.02, 0.98, side)]
