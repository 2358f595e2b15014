"""A film of a walk through the latent space."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vaekit.figures.film import Film
from vaekit.figures.grid import as_rgb
from vaekit.types import Images

if TYPE_CHECKING:
    from vaekit.run import Run

_SIDE = 320  # pixels that a frame has at least, as far as whole ones allow


def draw_walk(
    run: Run, originals: Images, steps: int, *, way: str | None = None, rate: int = 20
) -> Film:
    """What is decoded on the way in z from image to image, and from the last back to the first.

    originals: two or more, with their labels in a run with a condition. steps: frames from each to
    the next. way: as for `Run.interpolate`. rate: frames a second.
    """
    pixels, labels = originals.pixels[:], originals.labels
    closed = Images(
        np.concatenate([pixels, pixels[:1]]),
        None if labels is None else np.concatenate([labels, labels[:1]]),
    )
    legs = run.interpolate(closed, steps=steps + 1, way=way)
    # Where one leg ends the next begins.
    frames = as_rgb(legs[:, :-1].reshape(-1, *legs.shape[2:]))
    return Film(frames, rate, scale=max(1, _SIDE // max(frames.shape[1:3])))
