"""What the kit chooses by itself on a machine, why, and what a user may choose instead.

Importing this package imports no Keras: some choices must be made before its backend loads.
"""

from vaekit.tuning.choice import Choice, as_record, chosen, lines
from vaekit.tuning.compilation import choose_compilation
from vaekit.tuning.device import device_name, on_cpu
from vaekit.tuning.settings import Settings
from vaekit.tuning.start import before_import, start, started

__all__ = [
    "Choice",
    "Settings",
    "as_record",
    "before_import",
    "choose_compilation",
    "chosen",
    "device_name",
    "lines",
    "on_cpu",
    "start",
    "started",
]
