"""A run's page on the loopback interface, with the run's own model behind it.

Importing this package imports no server: `require_extra` says first whether there is one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vaekit.explorer.address import LOOPBACK, Address, listen
from vaekit.explorer.extra import require_extra

if TYPE_CHECKING:
    from vaekit.explorer.explorer import Explorer
    from vaekit.run import Run

__all__ = ["LOOPBACK", "Address", "explore", "listen", "require_extra"]


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
    listener, address = listen(host, port)
    from vaekit.explorer.explorer import Explorer

    try:
        return Explorer(run, listener, address, data, height=height).start()
    except BaseException:
        listener.close()
        raise
