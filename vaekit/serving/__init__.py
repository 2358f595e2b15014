"""A run as a service: HTTP on the loopback interface, for programs that aren't Python's.

Importing this package imports no server: `require_extra` says first whether there is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from vaekit.errors import UserError
from vaekit.http_server import LOOPBACK, Address, listen, require_libraries
from vaekit.serving.limits import limits_of
from vaekit.wording import option_text

if TYPE_CHECKING:
    import socket

    from vaekit.run import Run
    from vaekit.serving.service import Service

__all__ = ["LOOPBACK", "limits_of", "listen_here", "require_extra", "serve"]


def require_extra() -> None:
    """Raise `UserError` if one of the libraries that it is served with isn't installed."""
    libraries = ("starlette", "uvicorn", "prometheus_client")
    require_libraries("Serving a run", "serve", *libraries)


def listen_here(host: str = LOOPBACK, port: int | None = None) -> tuple[socket.socket, Address]:
    """A socket that listens where this machine alone comes, and its address.

    Raises `UserError` for an address of which that isn't so, and as `listen` does.
    """
    listener, address = listen(host, port)
    if not address.loopback:
        listener.close()
        raise UserError(
            f"{host} can be reached from other machines, and a served run knows no users and no "
            f"encryption: leave out {option_text('host')}, and put a proxy that has both in front "
            "of it, or an ssh tunnel."
        )
    return listener, address


def serve(run: Run, *, host: str, port: int | None, limits: Mapping[str, Any]) -> Service:
    """Serve a run beside this thread; see `Run.serve`."""
    require_extra()
    checked = limits_of(limits)
    listener, address = listen_here(host, port)
    from vaekit.serving.service import Service

    try:
        return Service(run, listener, address, checked).start()
    except BaseException:
        listener.close()
        raise
