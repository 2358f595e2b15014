"""A run's page, served by this process until it is closed."""

from __future__ import annotations

import socket
from typing import Any

from vaekit.explorer.address import PageAddress
from vaekit.explorer.app import build_app
from vaekit.explorer.page import explorer_page
from vaekit.explorer.run_queue import RunQueue
from vaekit.http_server.server import LocalServer
from vaekit.run import Run

_CONNECTIONS = 1024  # at the same time


class Explorer:
    """A run's page with its model behind it: in a notebook, the value of a cell that shows it.

    listener, address: as `listen_secretly` gives them. data: as for `Run.held_out`. height: of the
    frame in a notebook, in pixels.
    """

    def __init__(
        self,
        run: Run,
        listener: socket.socket,
        address: PageAddress,
        data: Any = None,
        *,
        height: int = 900,
    ) -> None:
        self.url = address.url
        self._height = height
        queue = RunQueue(run)
        page = explorer_page(run, data, most=queue.most)
        self._server = LocalServer(
            build_app(run, queue, page, address),
            listener,
            name="vaekit-explorer",
            connections=_CONNECTIONS,
            finishing=2,
            closed=queue.close,
        )

    def serve(self) -> None:
        """Serve in this thread, until Ctrl-C, which is raised again once the port is free."""
        self._server.serve()

    def start(self) -> Explorer:
        """Serve in a thread beside this one, until `close` or the end of the process."""
        self._server.start()
        return self

    def close(self) -> None:
        """End serving, and free the port; once closed, nothing happens."""
        self._server.close()

    def __repr__(self) -> str:
        return f"<Explorer at {self.url}>"

    def _repr_html_(self) -> str:
        from IPython.display import IFrame

        return IFrame(self.url, "100%", self._height)._repr_html_()
