"""The numbers that requests carry as bytes."""

from __future__ import annotations

import math

import numpy as np

from vaekit.errors import DataError


def read_latents(body: bytes, size: int, *, labelled: bool) -> tuple[np.ndarray, np.ndarray]:
    """Latents `(N, size)`, float32, and behind them all the class of each, int32, if `labelled`.

    Raises `DataError` for another length, NaN or infinity.
    """
    each = 4 * (size + labelled)
    if not body or len(body) % each:
        label = " and an int32, its class" if labelled else ""
        raise DataError(
            f"{len(body)} bytes are no latents: each is {size} float32{label}, {each} bytes."
        )
    end = 4 * size * (len(body) // each)
    return _finite(body[:end], "A latent").reshape(-1, size), np.frombuffer(body[end:], "<i4")


def read_image(body: bytes, shape: tuple[int, ...]) -> np.ndarray:
    """An image `(1, H, W, C)`, float32 in [0, 1].

    Raises `DataError` for another length, and other values.
    """
    size = 4 * math.prod(shape)
    if len(body) != size:
        text = "x".join(map(str, shape))
        raise DataError(f"{len(body)} bytes are no image: {text} float32 are {size} bytes.")
    image = _finite(body, "An image")
    if image.min() < 0 or image.max() > 1:
        raise DataError("An image holds values beyond 0 to 1. Scale it so.")
    return image.reshape(1, *shape)


def _finite(numbers: bytes, what: str) -> np.ndarray:
    values = np.frombuffer(numbers, "<f4").astype(np.float32)
    if not np.isfinite(values).all():
        raise DataError(f"{what} holds NaN or infinity. Send finite numbers.")
    return values
