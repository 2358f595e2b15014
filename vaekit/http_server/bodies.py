"""What requests carry: bytes, up to a size and for so long."""

from __future__ import annotations

import asyncio

from starlette.exceptions import HTTPException
from starlette.requests import Request

from vaekit.http_server.busy import Share

SECONDS = 10.0  # how long a body may take to come


async def read_body(
    request: Request, most: int, share: Share | None = None, *, seconds: float | None = None
) -> bytes:
    """The body of a request.

    share: where its bytes are held; those that it declares before one of them comes.
    seconds: how long it may take; None is `SECONDS`.

    Raises `HTTPException`: 413 for one of more than `most` bytes, 408 for one that is too slow;
    `BusyError` where the share can't be had.
    """
    text = request.headers.get("content-length", "")
    declared = int(text) if text.isascii() and text.isdecimal() else 0
    if declared > most:
        raise _too_large(most)
    if share is not None:
        share.take(declared)
    seconds = SECONDS if seconds is None else seconds
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for part in request.stream():
                if share is not None and len(body) + len(part) > declared:
                    share.take(len(part))
                body += part
                if len(body) > most:
                    raise _too_large(most)
    except TimeoutError:
        raise HTTPException(408, f"What was sent took more than {seconds:g} s to come.") from None
    return bytes(body)


def _too_large(most: int) -> HTTPException:
    return HTTPException(413, f"More than {most} bytes were sent, which is the most here.")
