"""What every frame of a film shows: the same plane, draws or images, by the model as it is then."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from vaekit.data import take
from vaekit.figures.manifold import has_manifold, plane
from vaekit.model import VAE, prior_draws, run_model
from vaekit.types import Images

_MOST = 10  # columns, and rows; of the plane, 16
_FEWEST = 4


class Scene(NamedTuple):
    """Latents of now, and where their images stand.

    z: gives them, `(N, *latent_shape)`. labels: the class of each, `(N,)`; None without a
    condition. columns, rows: of the images.
    """

    z: Callable[[], np.ndarray]
    labels: np.ndarray | None
    columns: int
    rows: int


def scene_of(model: VAE, images: Images, side: int) -> Scene:
    """The plane of two latents under N(0, I); else draws of the prior; else held-out `images`.

    With a condition, each row of draws is of a class, and each column of one draw.

    side: about how many pixels a frame has on a side.
    """
    fitting = side // max(model.image_shape[:2])
    if has_manifold(model):
        columns = int(np.clip(fitting, _FEWEST, 16))
        z = plane(columns).astype("float32")
        return Scene(lambda: z, None, columns, columns)
    columns = int(np.clip(fitting, _FEWEST, _MOST))
    condition = model.condition
    if model.prior_distribution() is None:
        held_out = take(images, slice(columns**2))
        labels = None if condition is None else condition.checked(held_out.labels)
        pixels = held_out.pixels[:]
        columns = min(columns, len(pixels))
        rows = math.ceil(len(pixels) / columns)
        return Scene(lambda: run_model(model.point, pixels, labels)[0], labels, columns, rows)
    if condition is None:
        return Scene(lambda: _draws(model, columns**2), None, columns, columns)
    rows = min(condition.classes, columns)
    labels = np.repeat(np.arange(rows, dtype="int32"), columns)
    by_class = np.split(labels, rows)
    return Scene(
        lambda: np.concatenate([_draws(model, columns, of) for of in by_class]),
        labels,
        columns,
        rows,
    )


def _draws(model: VAE, count: int, labels: np.ndarray | None = None) -> np.ndarray:
    """Always the same draws, as far as the prior stays what it is."""
    return prior_draws(model, count, 0, labels)
