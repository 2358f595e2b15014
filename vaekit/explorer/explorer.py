"""A run's page, served by this process until it is closed."""

from __future__ import annotations

import socket
import threading
from typing import Any

import uvicorn

from vaekit.explorer.address import Address
from vaekit.explorer.app import build_app
from vaekit.explorer.model_queue import ModelQueue
from vaekit.explorer.page import explorer_page
from vaekit.run import Run

_CONNECTIONS = 512  # at the same time
_HEADERS = 2**14  # bytes of a request before its body


class Explorer:
    """A run's page with its model behind it: in a notebook, the value of a cell that shows it.

    listener, address: as `listen` gives them. data: as for `Run.held_out`. height: of the frame in
    a notebook, in pixels.
    """

    def __init__(
        self,
        run: Run,
        listener: socket.socket,
        address: Address,
        data: Any = None,
        *,
        height: int = 900,
    ) -> None:
        self.url = address.url
        self._height = height
        self._listener = listener
        self._queue = ModelQueue(run)
        page = explorer_page(run, data, most=self._queue.most)
        self._server = uvicorn.Server(
            uvicorn.Config(
                build_app(run, self._queue, page, address),
                loop="asyncio",
                http="h11",
                ws="none",
                lifespan="off",
                # What goes wrong is an answer, or logged where it happens.
                log_config=None,
                log_level="critical",
                access_log=False,
                server_header=False,
                limit_concurrency=_CONNECTIONS,
                h11_max_incomplete_event_size=_HEADERS,
                timeout_graceful_shutdown=2,
            )
        )
        self._thread: threading.Thread | None = None

    def serve(self) -> None:
        """Serve in this thread, until Ctrl-C, which is raised again once the port is free."""
        try:
            self._server.run(sockets=[self._listener])
        finally:
            self._queue.close()

    def start(self) -> Explorer:
        """Serve in a thread beside this one, until `close` or the end of the process."""
        self._thread = threading.Thread(target=self.serve, name="vaekit-explorer", daemon=True)
        self._thread.start()
        return self

    def close(self) -> None:
        """End serving, and free the port; once closed, nothing happens."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join()
        self._listener.close()

    def __repr__(self) -> str:
        return f"<Explorer at {self.url}>"

    def _repr_html_(self) -> str:
        from IPython.display import IFrame

        return IFrame(self.url, "100%", self._height)._repr_html_()
