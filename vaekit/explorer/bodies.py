"""What requests carry: bytes, up to a size and for so long, and the numbers that they are."""

from __future__ import annotations

import asyncio
import math

import numpy as np
from starlette.exceptions import HTTPException
from starlette.requests import Request

from vaekit.errors import DataError

SECONDS = 10.0  # how long a body may take to come


async def read_body(request: Request, most: int) -> bytes:
    """The body of a request.

    Raises `HTTPException`: 413 for one of more than `most` bytes, 408 for one that is too slow.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most:
        raise _too_large(most)
    body = bytearray()
    try:
        async with asyncio.timeout(SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > most:
                    raise _too_large(most)
    except TimeoutError:
        raise HTTPException(408, f"What was sent took more than {SECONDS:g} s to come.") from None
    return bytes(body)


def _too_large(most: int) -> HTTPException:
    return HTTPException(413, f"More than {most} bytes were sent, which is the most here.")


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
