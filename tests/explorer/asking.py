"""Requests as a server hands them to an application: not mended by a client on their way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote

from starlette.types import ASGIApp, Message

Body = bytes | AsyncIterator[bytes]
Headers = Sequence[tuple[str, str]]


class Request(NamedTuple):
    """path: of the address as it is sent, with what is escaped in it."""

    path: str
    body: Body = b""
    method: str = "POST"
    headers: Headers = ()


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def error(self) -> str:
        """The sentence of a refusal."""
        values: dict[str, Any] = json.loads(self.content)
        assert list(values) == ["error"]
        return str(values["error"])


def answers(app: ASGIApp, requests: list[Request]) -> list[Answer]:
    """The answers to requests that come at the same time, in their order."""

    async def every() -> list[Answer]:
        return await asyncio.gather(*(_answer(app, request) for request in requests))

    return asyncio.run(every())


async def _answer(app: ASGIApp, request: Request) -> Answer:
    path, _, query = request.path.partition("?")
    parts = _parts(request.body)
    sent: list[Message] = []

    async def receive() -> Message:
        body = await anext(parts, None)
        return {"type": "http.request", "body": body or b"", "more_body": body is not None}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in request.headers],
    }
    try:
        await app(scope, receive, send)
    except Exception:  # which a server logs, once it is answered
        assert sent[0]["status"] == 500
    start, *bodies = sent
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], headers, b"".join(part["body"] for part in bodies))


async def _parts(body: Body) -> AsyncIterator[bytes]:
    if isinstance(body, bytes):
        yield body
        return
    async for part in body:
        yield part
