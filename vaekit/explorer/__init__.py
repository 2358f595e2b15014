"""A run's page on the loopback interface, with the run's own model behind it.

Importing this package imports no server: `require_extra` says first whether there is one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vaekit.explorer.address import PageAddress, listen_secretly
from vaekit.http_server import LOOPBACK, require_libraries

if TYPE_CHECKING:
    from vaekit.explorer.explorer import Explorer
    from vaekit.run import Run

__all__ = ["LOOPBACK", "PageAddress", "explore", "listen_secretly", "require_extra"]


def require_extra() -> None:
    """Raise `UserError` if one of the libraries that it is served with isn't installed."""
    require_libraries("The explorer", "explore", "starlette", "uvicorn")


def explore(
    run: Run,
    data: Any = None,
    *,
    port: int | None = None,
    host: str = LOOPBACK,
    height: int = 900,
) -> Explorer:
    """Serve a run's page beside this thread; see `Run.explore`."""
    require_extra()
    listener, address = listen_secretly(host, port)
    from vaekit.explorer.explorer import Explorer

    try:
        return Explorer(run, listener, address, data, height=height).start()
    except BaseException:
        listener.close()
        raise
