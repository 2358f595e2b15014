"""Starting the process: Keras's backend, and what is chosen for it, why, and by whom.

Importing this package imports no Keras: some choices must be made before its backend loads.
"""

from vaekit.startup.backend import BACKENDS, refuse_forked, select_backend, started
from vaekit.startup.choices import Choice, Settings
from vaekit.startup.compilation import choose_compilation
from vaekit.startup.device import device_memory, device_name, on_cpu

__all__ = [
    "BACKENDS",
    "Choice",
    "Settings",
    "choose_compilation",
    "device_memory",
    "device_name",
    "on_cpu",
    "refuse_forked",
    "select_backend",
    "started",
]
