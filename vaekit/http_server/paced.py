"""How many requests are under way, and how long their answers may take to be taken."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vaekit.http_server.refusals import error_response

_PART = 2**16  # bytes of an answer that a connection holds
SECONDS = 10.0  # that a client may take for a part


class Paced:
    """An application with so many requests under way at most, each until its answer is taken.

    Answers are sent in parts, each once the one before is taken: so a client that takes nothing
    keeps no more than a part, and is cut off after `SECONDS`.

    most: of requests. under_way: now.
    """

    def __init__(self, app: ASGIApp, most: int) -> None:
        self.most = most
        self.under_way = 0
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 503."""
        if self.under_way >= self.most:
            sentence = "Too many requests are under way. Try again in a moment."
            refusal = error_response(503, sentence, {"Retry-After": "1", "Connection": "close"})
            await refusal(scope, receive, send)
            return
        self.under_way += 1
        try:
            await self._app(scope, receive, _in_parts(send))
        finally:
            self.under_way -= 1


def _in_parts(send: Send) -> Send:
    """`send` for bodies of any length."""
    cut_off = False

    async def send_part(message: Message) -> None:
        nonlocal cut_off
        if cut_off:  # what isn't answered whole, the server closes
            return
        try:
            async with asyncio.timeout(SECONDS):
                await send(message)
        except TimeoutError:
            cut_off = True

    async def send_all(message: Message) -> None:
        body = message.get("body", b"")
        while len(body) > _PART:
            await send_part({**message, "body": body[:_PART], "more_body": True})
            body = memoryview(body)[_PART:]
        await send_part(message if body is message.get("body", b"") else {**message, "body": body})

    return send_all
