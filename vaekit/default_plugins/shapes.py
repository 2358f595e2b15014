"""Factor images: one white shape on black, of a size, an angle and a place that are drawn.

What dSprites is made of (Matthey et al., github.com/deepmind/dsprites-dataset, 2017): the same five
factors in the same steps, drawn anew here from their outlines.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import numpy as np
from annotated_types import Ge, Lt

import vaekit

SIDE = 64  # pixels
SHAPES = ("square", "ellipse", "heart")
# How many steps each factor has, by its name.
FACTORS = {"shape": len(SHAPES), "size": 6, "angle": 40, "x": 32, "y": 32}
SMALLEST, LARGEST = 0.5, 1.0  # size of a shape
RADIUS = 0.22  # of the largest, as a share of the side
HEART = 1.3  # by how much a heart is smaller than its equation's
MARGIN = 0.25  # between a shape's middle and the picture's edge, as a share of the side
TOGETHER = 256  # images drawn at once, which a processor's cache holds


def shapes(
    *,
    images: Annotated[int, Ge(1)] = 5000,
    test_images: Annotated[int, Ge(1)] = 1000,
    binary: bool = False,
    seed: Annotated[int, Ge(0), Lt(2**31)] = 0,
) -> vaekit.Dataset:
    """Shapes: images of a square, an ellipse or a heart, 64x64, grey, uint8, drawn as asked.

    A shape has one of 6 sizes, 40 angles and 32 x 32 places, each drawn on its own and evenly. Its
    label is which shape it is, and all five are its factors. No download; the same seed draws the
    same images.

    Args:
        images: how many to train on.
        test_images: how many to validate on.
        binary: whether pixels are black or white, as dSprites' are, or edges are smooth.
        seed: decides the factors.
    """
    drawn = draw_factors(images + test_images, seed)
    pixels = draw_images(drawn, binary=binary)
    labels = drawn[:, 0]
    return vaekit.Dataset(
        "shapes",
        vaekit.Images(pixels[:images], labels[:images], factors=drawn[:images]),
        vaekit.Images(pixels[images:], labels[images:], factors=drawn[images:]),
        SHAPES,
        factors=FACTORS,
    )


def draw_factors(count: int, seed: int) -> np.ndarray:
    """The step of each factor for so many images, `(count, 5)`, in the order of `FACTORS`."""
    sizes = list(FACTORS.values())
    return np.random.default_rng(seed).integers(0, sizes, (count, len(sizes)))


def draw_images(factors: np.ndarray, *, binary: bool = False) -> np.ndarray:
    """The images of factors `(N, 5)`: pixels `(N, 64, 64, 1)`, uint8."""
    pixels = np.zeros((len(factors), SIDE, SIDE, 1), np.uint8)
    for start in range(0, len(factors), TOGETHER):
        part = slice(start, start + TOGETHER)
        rows, columns, cover = _window(factors[part])
        images = np.arange(start, start + len(cover))[:, None, None]
        values = 255 * (cover >= 0.5) if binary else np.rint(255 * cover)
        pixels[images, rows[:, :, None], columns[:, None, :], 0] = values
    return pixels


def _window(factors: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The pixels that a shape can reach: rows and columns `(N, W)`, and cover `(N, W, W)`.

    The cover is how much of a pixel lies within the shape, in [0, 1].
    """
    shape, size, angle, x, y = (column.astype("float32") for column in factors.T)
    scale = SMALLEST + (LARGEST - SMALLEST) * size / (FACTORS["size"] - 1)
    turn = 2 * np.pi * angle / FACTORS["angle"]
    radius = (RADIUS * SIDE * scale)[:, None, None]
    middles = [(MARGIN + (1 - 2 * MARGIN) * at / (FACTORS["x"] - 1)) * SIDE for at in (x, y)]
    reach = int(MARGIN * SIDE)
    columns, rows = (middle.astype(int)[:, None] + np.arange(-reach, reach) for middle in middles)
    across, down = (
        (at + 0.5 - middle[:, None]).astype("float32")
        for at, middle in zip((columns, rows), middles, strict=True)
    )
    cosine, sine = np.cos(turn)[:, None, None], np.sin(turn)[:, None, None]
    u = (cosine * across[:, None, :] + sine * down[:, :, None]) / radius
    v = (cosine * down[:, :, None] - sine * across[:, None, :]) / radius
    distance = np.empty_like(u)
    for number, outline in enumerate(OUTLINES):
        of_shape = shape == number
        distance[of_shape] = outline(u[of_shape], v[of_shape])
    return rows, columns, np.clip(0.5 - distance * radius, 0.0, 1.0)


# Each gives the distance of points (u, v) to an outline about the middle, negative within it.


def _square(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.maximum(np.abs(u), np.abs(v)) - 0.75


def _ellipse(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """u^2 + (2 v)^2 = 1."""
    return _by_slope(u * u + 4 * v * v - 1, 2 * u, 8 * v)


def _heart(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """(a^2 + b^2 - 1)^3 = a^2 b^3, upright, as v grows downwards."""
    a, b = HEART * u, 0.1 - HEART * v
    aa, bb = a * a, b * b
    ring = aa + bb - 1
    squared = ring * ring
    by_a = 6 * a * squared - 2 * a * b * bb
    by_b = 6 * b * squared - 3 * aa * bb
    return _by_slope(squared * ring - aa * b * bb, HEART * by_a, HEART * by_b)


def _by_slope(value: np.ndarray, by_u: np.ndarray, by_v: np.ndarray) -> np.ndarray:
    """The distance to where a function is 0, to first order: its value by its slope."""
    return value / np.sqrt(by_u * by_u + by_v * by_v + 1e-6)


OUTLINES: tuple[Callable[[np.ndarray, np.ndarray], np.ndarray], ...] = (_square, _ellipse, _heart)
