"""A run, served by this process until it is closed."""

from __future__ import annotations

import math
import socket

from vaekit.http_server import Address
from vaekit.http_server.guard import Guard
from vaekit.http_server.paced import Paced
from vaekit.http_server.server import LocalServer
from vaekit.run import Run
from vaekit.serving.app import MODEL_PATHS, TOLD_PATHS, Answers
from vaekit.serving.figures import Figures
from vaekit.serving.limits import Limits
from vaekit.serving.run_model import RunModel


class Service:
    """A run as a service. Making one compiles its model for every size of a batch.

    listener, address: as `listen_here` gives them; limits: checked.

    url: where it is. limits: those that hold for this run. answers, paced: what answers, and what
    counts the requests under way.

    Raises `OptionError` where the memory isn't enough for one request.
    """

    def __init__(self, run: Run, listener: socket.socket, address: Address, limits: Limits) -> None:
        self.url = address.url
        self.limits = limits.of_rows(max(math.prod(run.image_shape), run.latent_dim))
        model = RunModel(run, self.limits.max_batch)
        model.warm_up()
        figures = Figures((*MODEL_PATHS, *TOLD_PATHS))
        self.answers = Answers(run, model, self.limits, figures)
        self.paced = Paced(self.answers.app(), self.limits.connections)
        figures.watch(
            "vaekit_requests_under_way", "Requests under way.", lambda: self.paced.under_way
        )
        self._server = LocalServer(
            figures.measured(Guard(self.paced, address)),
            listener,
            name="vaekit-serve",
            # More than may ask, so that who does beyond that is told.
            connections=2 * self.limits.connections,
            finishing=self.limits.body_timeout + self.limits.timeout,
            closed=self.answers.close,
        )

    def serve(self) -> None:
        """Serve in this thread, until Ctrl-C, which is raised again once all is answered."""
        self._server.serve()

    def start(self) -> Service:
        """Serve in a thread beside this one, until `close` or the end of the process."""
        self._server.start()
        return self

    def close(self) -> None:
        """Answer what is under way, end, and free the port; once closed, nothing happens."""
        self._server.close()

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Service at {self.url}>"
