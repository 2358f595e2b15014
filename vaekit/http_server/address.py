"""Where something is served: a socket that listens, and the address that leads to it."""

from __future__ import annotations

import errno
import ipaddress
import socket
from typing import NamedTuple

from vaekit.errors import UserError
from vaekit.wording import option_text

LOOPBACK = "127.0.0.1"
_BACKLOG = 512  # connections that the system keeps until they are accepted


class Address(NamedTuple):
    """What a request must name.

    authority: host and port, as the address has them. names: what a `Host` header may say.
    loopback: whether this machine alone can reach it.
    """

    authority: str
    names: frozenset[str]
    loopback: bool = True

    @property
    def url(self) -> str:
        """The whole address."""
        return f"http://{self.authority}/"


def listen(host: str = LOOPBACK, port: int | None = None) -> tuple[socket.socket, Address]:
    """A socket that listens on one address of this machine, and what leads there.

    port: None takes a free one.

    Raises `UserError` for a port that is taken, or a host that is no single address of this
    machine.
    """
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            host, port or 0, type=socket.SOCK_STREAM
        )[0]
    except (OSError, UnicodeError) as error:
        raise UserError(
            f"{host!r} is no address of this machine: {option_text('host')} takes one such as "
            f"{LOOPBACK}."
        ) from error
    ip = ipaddress.ip_address(str(place[0]).partition("%")[0])
    if ip.is_unspecified:
        raise UserError(
            f"{host} stands for every address of this machine, so that none could be checked. "
            f"Give {option_text('host')} the one to serve on."
        )
    # The protocol is named, or asyncio would keep answers back until more is to be sent.
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise UserError(_refusal(error, host, port)) from error
    return listener, _address(host, ip, listener.getsockname()[1])


def _address(host: str, ip: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int) -> Address:
    literal = f"[{ip}]" if ip.version == 6 else str(ip)
    name = literal if ":" in host else host.lower()
    names = {name, literal, *(["localhost"] if ip.is_loopback else [])}
    return Address(
        f"{name}:{port}",
        # Port 80 is left out of an address.
        frozenset({f"{each}:{port}" for each in names} | (names if port == 80 else set())),
        ip.is_loopback,
    )


def _refusal(error: OSError, host: str, port: int | None) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} of {host} is taken. Choose another {option_text('port')}, or leave it "
            "out for a free one."
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{host} is no address of this machine, so nothing can be served there."
    reason = error.strerror or str(error)
    return f"Nothing can be served on port {port} of {host}: {reason}. Choose another port."
