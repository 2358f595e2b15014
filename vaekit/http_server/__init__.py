"""HTTP on an address of this machine, held to limits: what all that the kit serves has in common.

Importing this package imports no server: `require_libraries` says first whether there is one.
"""

from vaekit.http_server.address import LOOPBACK, Address, listen
from vaekit.http_server.libraries import require_libraries

__all__ = ["LOOPBACK", "Address", "listen", "require_libraries"]
