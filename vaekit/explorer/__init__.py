"""A run's page on the loopback interface, with the run's own model behind it.

Importing this package imports no server: `require_extra` says first whether there is one.
"""

from vaekit.explorer.address import LOOPBACK, Address, listen
from vaekit.explorer.extra import require_extra

__all__ = ["LOOPBACK", "Address", "listen", "require_extra"]
