"""What the decoder makes of the prior N(0, I) of two latents."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from matplotlib.figure import Figure

from vaekit.figures.grid import Margins, as_rgb, place, scale_of, tile
from vaekit.figures.style import styled
from vaekit.model import VAE
from vaekit.run import Run


@styled()
def draw_manifold(run: Run, side: int = 21) -> Figure:
    """The images of a two-dimensional latent space, on a grid of the quantiles of N(0, I).

    It is for models of which `has_manifold` is true. Kingma and Welling, "Auto-Encoding Variational
    Bayes" (arXiv:1312.6114), figure 4.
    """
    images = run.decode(plane(side))
    canvas = tile(as_rgb(images), side, gap=0)
    figure, axes = place(
        canvas,
        "Decoded at the quantiles of the prior N(0, I)",
        scale=scale_of(canvas, images),
        margins=Margins(left=100, bottom=72),
    )
    height, width = images.shape[1:3]
    marked = np.unique(np.linspace(0, side - 1, 7).round().astype(int))
    names = [f"{quantiles(side)[number]:.2f}".replace("-", "\N{MINUS SIGN}") for number in marked]
    axes.set_xticks((marked + 0.5) * width, names)
    axes.set_yticks((side - marked - 0.5) * height, names)
    axes.set(xlabel="z 1", ylabel="z 2")
    return figure


def has_manifold(model: VAE) -> bool:
    """Whether there is one plane of z to show: two real values under N(0, I), and no classes."""
    plain = model.latent_shape == (2,) and model.condition is None
    return plain and model.latent.support == "real" and model.has_standard_prior


def plane(side: int) -> np.ndarray:
    """Latents `(side * side, 2)`, row by row from the top left, as `draw_manifold` shows them."""
    at = quantiles(side)
    return np.array([(x, y) for y in at[::-1] for x in at])


def quantiles(side: int) -> list[float]:
    """So many of N(0, 1), evenly spread in probability between 2 % and 98 %."""
    return [NormalDist().inv_cdf(share) for share in np.linspace(0.02, 0.98, side)]
