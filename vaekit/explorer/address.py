"""The secret address that leads to a run's page, and that every request must name."""

from __future__ import annotations

import secrets
import socket
import warnings
from typing import NamedTuple

from vaekit.errors import VaekitWarning
from vaekit.http_server import LOOPBACK, Address, listen


class PageAddress(NamedTuple):
    """An address with a token in it.

    The token is a part of the path and no cookie: a browser sends cookies of 127.0.0.1 to every
    port of it, whoever listens there, and with requests that other sites make.
    """

    server: Address
    token: str

    @property
    def path(self) -> str:
        """The path of the page, with which all others begin."""
        return f"/{self.token}/"

    @property
    def url(self) -> str:
        """The whole address of the page."""
        return f"http://{self.server.authority}{self.path}"


def listen_secretly(
    host: str = LOOPBACK, port: int | None = None
) -> tuple[socket.socket, PageAddress]:
    """A socket that listens, and an address whose token nobody can guess.

    Warns (`VaekitWarning`) where others than this machine can reach it. Raises as `listen` does.
    """
    listener, address = listen(host, port)
    if not address.loopback:
        warnings.warn(
            f"{host} can be reached from other machines. Whoever has the address below, or reads "
            "it on its way, which isn't encrypted, sees the run's images and lets this machine "
            f"compute. Keep to {LOOPBACK}, and an ssh tunnel, where you can.",
            VaekitWarning,
            stacklevel=2,
        )
    return listener, PageAddress(address, secrets.token_urlsafe(32))
