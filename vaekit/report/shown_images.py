"""Which held-out images a page carries, in sheets of small pictures."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
from PIL import Image

from vaekit.data import take
from vaekit.figures.grid import as_rgb, tile
from vaekit.page import data_url
from vaekit.types import Images

MOST = 2000
_FEWEST = 16
_SIDE = 64  # pixels; larger images are made smaller
# What keeps a page below 15 MB: bytes of pixels before they are packed, and values of z.
_PIXELS, _LATENTS = 4_000_000, 500_000


def shown_images(images: Images, latent_dim: int, most: int = MOST) -> Images:
    """As many of these images as a page has room for, evenly spread over all of them."""
    height, width, channels = images.pixels.shape[1:]
    pixels = math.prod(_small(height, width)) * (3 if channels == 3 else 1)
    room = max(_FEWEST, min(_PIXELS // pixels, _LATENTS // latent_dim))
    count, most = len(images.pixels), min(most, room)
    if count > most:
        images = take(images, np.linspace(0, count - 1, most).round().astype(int))
    return images._replace(pixels=images.pixels[:])


def sheet(images: np.ndarray) -> dict[str, Any]:
    """Images `(N, H, W, C)` in [0, 1], row after row in one PNG, as `vaekit.sheet` reads it.

    Those of more than 64 pixels on a side are made smaller.
    """
    rgb = as_rgb(images)
    height, width = _small(*rgb.shape[1:3])
    if (height, width) != rgb.shape[1:3]:
        rgb = np.stack([_resized(image, height, width) for image in rgb])
    columns = max(1, math.isqrt(len(rgb)))
    canvas = tile(rgb, columns, gap=0)
    png = io.BytesIO()
    Image.fromarray(canvas if images.shape[-1] == 3 else canvas[..., 0]).save(png, "PNG")
    return {
        "url": data_url(png.getvalue(), "image/png"),
        "columns": columns,
        "count": len(rgb),
        "height": height,
        "width": width,
    }


def _small(height: int, width: int) -> tuple[int, int]:
    scale = min(1.0, _SIDE / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def _resized(image: np.ndarray, height: int, width: int) -> np.ndarray:
    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BOX))
