"""Starting the process: Keras's backend, and what is chosen for it, why, and by whom.

Importing this package imports no Keras: some choices must be made before its backend loads.
"""

from vaekit.startup.backend import (
    BACKENDS,
    UNSTARTED,
    backend_to_be,
    select_backend,
    started,
)
from vaekit.startup.choices import Choice, Settings
from vaekit.startup.compilation import choose_compilation, choose_xla
from vaekit.startup.device import device_memory, device_name, on_cpu
from vaekit.startup.forks import refuse_fork
from vaekit.startup.keras_defaults import keras_defaults, with_keras_defaults

__all__ = [
    "BACKENDS",
    "UNSTARTED",
    "Choice",
    "Settings",
    "backend_to_be",
    "choose_compilation",
    "choose_xla",
    "device_memory",
    "device_name",
    "keras_defaults",
    "on_cpu",
    "refuse_fork",
    "select_backend",
    "started",
    "with_keras_defaults",
]
