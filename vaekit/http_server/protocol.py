"""Connections that can't stay for nothing: uvicorn's own have no limit on who never asks."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

SECONDS = 10.0  # that a connection may go without a request under way


class WatchedProtocol(H11Protocol):
    """HTTP/1.1, cut off where a client neither asks nor takes what it was answered.

    It is looked at each `SECONDS`: who had no request under way at two looks, and made none in
    between, is cut off, as is who doesn't take the last of an answer. So a request's head, and the
    rest of a body that was refused, have 10 to 20 s.

    most_connections: of the server at a time; more are cut off at once.
    """

    most_connections = 1024

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._looked_at: Any = None  # the request that was over at the last look
        self._look: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See `asyncio.Protocol`."""
        super().connection_made(transport)
        if len(self.connections) > self.most_connections:
            transport.abort()
            return
        self._look = self.loop.call_later(SECONDS, self._look_at_it)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        if self._look is not None:
            self._look.cancel()
        super().connection_lost(exc)

    def _look_at_it(self) -> None:
        over = self.cycle is None or self.cycle.response_complete or self.transport.is_closing()
        if over and self._looked_at is self.cycle:
            self.transport.abort()
            return
        self._looked_at = self.cycle if over else self
        self._look = self.loop.call_later(SECONDS, self._look_at_it)
