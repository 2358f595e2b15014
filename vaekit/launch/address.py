"""The address of a cluster's head: who listens there, before Ray is asked to join.

`ray.init` goes on for minutes where something else listens. A head speaks gRPC, so HTTP/2: whoever
is greeted by it says its settings at once (RFC 9113, section 3.4).
"""

from __future__ import annotations

import os
import socket

from vaekit.errors import UserError
from vaekit.wording import option_text

_SECONDS = 10.0  # that an address has to answer
_EMPTY_SETTINGS = b"\0\0\0\4\0\0\0\0\0"
_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _EMPTY_SETTINGS
_HEADER, _KIND, _SETTINGS = 9, 3, 4  # bytes of a frame's header, where its kind is, and that kind


def refuse_no_head(address: str) -> None:
    """Raise `UserError` unless `host:port` is where a head may be: something speaks gRPC there.

    Where Ray is told to speak by TLS, that something listens is all that is looked at.
    """
    how = option_text("ray_address")
    if "://" in address:
        raise UserError(f"{how} is HOST:PORT of a cluster's head, auto or local, not {address!r}.")
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise UserError(f"{how} is HOST:PORT, auto or local, not {address!r}.")
    if not answers(address, _SECONDS):
        raise UserError(
            f"Nothing answers at {address}: is it the address of the head, as `ray start --head` "
            "printed it, and does it run?"
        )
    if os.environ.get("RAY_USE_TLS", "0") == "0" and not _speaks_grpc(address, _SECONDS):
        raise UserError(
            f"What answers at {address} is no head of a Ray cluster: the head's port is the one "
            "that `ray start --head` printed, 6379 unless it was told another."
        )


def answers(address: str, seconds: float) -> bool:
    """Whether somebody listens at `host:port`."""
    try:
        socket.create_connection(_place(address), seconds).close()
    except (OSError, OverflowError):  # no port is above 65535
        return False
    return True


def _speaks_grpc(address: str, seconds: float) -> bool:
    said = b""
    try:
        with socket.create_connection(_place(address), seconds) as there:
            there.sendall(_GREETING)
            while len(said) < _HEADER and (more := there.recv(_HEADER - len(said))):
                said += more
    except OSError:
        return False
    return len(said) == _HEADER and said[_KIND] == _SETTINGS


def _place(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)
