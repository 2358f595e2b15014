"""Messages over a TCP connection: a length, then as many bytes."""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

_LENGTH = struct.Struct(">Q")
_MOST = 2**40
_GREETING = 2**16  # bytes that are taken from who hasn't said yet who it is


class Connection:
    """One end. Raises `OSError` once the other end is gone, whatever is asked of it."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # A machine that went dark says no goodbye.
        link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, seconds in (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 4)):
            if hasattr(socket, name):
                link.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), seconds)

    def limit(self, seconds: float | None) -> None:
        """Wait no longer than this from now on; None waits as long as it takes."""
        self._link.settimeout(seconds)

    def send(self, content: bytes) -> None:
        """Send one message."""
        self._link.sendall(_LENGTH.pack(len(content)))
        self._link.sendall(content)

    def receive(self, most: int = _MOST) -> bytes:
        """The next message, of so many bytes at most."""
        (length,) = _LENGTH.unpack(self._exactly(_LENGTH.size))
        if length > most:
            raise ConnectionError("it says something else than a worker does")
        return self._exactly(length)

    def send_value(self, value: Any) -> None:
        """Send what JSON can hold."""
        self.send(json.dumps(value).encode())

    def receive_value(self) -> Any:
        """The next message, from JSON."""
        return json.loads(self.receive())

    def receive_greeting(self) -> Any:
        """The same, from who may be anybody. Raises `ValueError` for what is no JSON."""
        return json.loads(self.receive(_GREETING))

    def close(self) -> None:
        """Let the other end know that nothing more will come."""
        self._link.close()

    def _exactly(self, count: int) -> bytes:
        parts = bytearray(count)
        view = memoryview(parts)
        while view:
            got = self._link.recv_into(view)
            if not got:
                raise ConnectionError("the connection has ended")
            view = view[got:]
        return bytes(parts)
