"""An application served by this process, until it is closed."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from vaekit.http_server.protocol import WatchedProtocol

_HEADERS = 2**14  # bytes of a request before its body
_ENDING = 5.0  # seconds beyond those of the requests under way


class LocalServer:
    """Serves an application on a socket that listens.

    name: of the thread that serves. connections: at a time; more are cut off. finishing: seconds
    that requests under way have once it is to end. closed: called when it has ended.
    """

    def __init__(
        self,
        app: ASGIApp,
        listener: socket.socket,
        *,
        name: str,
        connections: int,
        finishing: float,
        closed: Callable[[], None],
    ) -> None:
        self._listener = listener
        self._name = name
        self._closed = closed
        self._finishing = finishing
        protocol = type("Protocol", (WatchedProtocol,), {"most_connections": connections})
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                loop="asyncio",
                http=protocol,
                ws="none",
                lifespan="off",
                # What goes wrong is an answer, or logged where it happens.
                log_config=None,
                log_level="critical",
                access_log=False,
                server_header=False,
                h11_max_incomplete_event_size=_HEADERS,
                timeout_graceful_shutdown=finishing,  # type: ignore[arg-type]
            )
        )
        self._thread: threading.Thread | None = None

    def serve(self) -> None:
        """Serve in this thread, until Ctrl-C, which is raised again once the port is free."""
        try:
            self._server.run(sockets=[self._listener])
        finally:
            self._closed()

    def start(self) -> None:
        """Serve in a thread beside this one, until `close` or the end of the process."""
        self._thread = threading.Thread(target=self.serve, name=self._name, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End serving, and free the port; once closed, nothing happens."""
        self._server.should_exit = True
        if self._thread is not None:
            # A loop whose descriptors something else in the process has closed never wakes up.
            self._thread.join(self._finishing + _ENDING)
        self._listener.close()
