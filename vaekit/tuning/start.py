"""The choices that are made while a backend starts, in the order in which they must be."""

from __future__ import annotations

import sys

from vaekit.tuning.allocator import choose_allocator
from vaekit.tuning.choice import Choice
from vaekit.tuning.device import choose_device, hide_gpus, hide_gpus_before_import
from vaekit.tuning.onednn import ask_before_import, choose_onednn
from vaekit.tuning.settings import Settings
from vaekit.tuning.threads import choose_threads

# What holds in this process: it has one backend, which starts once.
_started: list[Choice] = []


def before_import(settings: Settings) -> None:
    """Make the choices that come before Keras is imported."""
    if "keras" not in sys.modules:
        hide_gpus_before_import(settings.device)
    ask_before_import(settings.onednn)


def start(backend: str, settings: Settings) -> None:
    """Make the other choices, and let `backend`, which Keras has imported, start its device.

    Raises `UserError` for a wish that can't be fulfilled here, or no longer.
    """
    import keras

    onednn = choose_onednn(backend, settings.onednn)
    hide_gpus(backend, settings.device)
    threads = choose_threads(backend, settings.threads)
    allocator = choose_allocator(settings.allocator)
    keras.ops.zeros(())  # the first tensor starts the device
    device = choose_device(backend, settings.device)
    _started[:] = [device, threads, allocator, *([onednn] if onednn else [])]


def started() -> list[Choice]:
    """What was chosen when this process's backend started."""
    return list(_started)
