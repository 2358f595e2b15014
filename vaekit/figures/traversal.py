"""What each latent does to an image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from vaekit.figures.classes import class_name
from vaekit.figures.grid import Margins, as_rgb, gap_of, place, scale_of, tile
from vaekit.figures.style import styled
from vaekit.types import Images

if TYPE_CHECKING:
    from vaekit.run import Run


@styled()
def draw_traversal(
    run: Run,
    image: Images | None = None,
    *,
    latents: int = 10,
    steps: int = 7,
    span: float = 3,
    label: int | None = None,
) -> Figure:
    """What `Run.traverse` gives: a row for each latent, which goes from left to right.

    label: the class to decode in, in a run with a condition.
    """
    traversal = run.traverse(image, latents=latents, steps=steps, span=span, label=label)
    rows, steps = traversal.images.shape[:2]
    images = traversal.images.reshape(-1, *traversal.images.shape[2:])
    gap = gap_of(images)
    canvas = tile(as_rgb(images), steps, gap=gap)
    which = "All" if rows == run.latent_dim else f"{rows} of {run.latent_dim}"
    standard = run.model.has_standard_prior
    origin = "the prior's mean" if standard else "z = 0"
    start = origin if image is None else "an image"
    if label is not None:
        start += f", class {class_name(run, label).text}"
    figure, axes = place(
        canvas,
        f"{which} latents, each moved alone from {start}, the largest KL first",
        scale=scale_of(canvas, images),
        margins=Margins(left=240, bottom=72),
    )
    height, width = images.shape[1:3]
    axes.set_yticks(
        np.arange(rows) * (height + gap) + height / 2,
        [
            f"{run.model.point_name}_{n}   KL {kl:.2f} nats"
            for n, kl in zip(traversal.latents, traversal.kl, strict=True)
        ],
    )
    axes.set_xticks(
        np.arange(steps) * (width + gap) + width / 2,
        [f"{value:.3g}".replace("-", "\N{MINUS SIGN}") for value in traversal.values],
    )
    axes.tick_params(left=False)
    scale = "; the prior's standard deviation is 1" if standard else ""
    axes.set(xlabel=f"value of the latent{scale}")
    return figure
