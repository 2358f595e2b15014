"""What the device says of itself, asked of whichever library Keras runs on."""

from __future__ import annotations

import sys

import keras

from vaekit.memory import peak_memory
from vaekit.startup import on_cpu


def device_model() -> str | None:
    """What the maker calls the device; None on a processor, which the record names anyway."""
    if on_cpu():
        return None
    kind = keras.backend.backend()
    if kind == "tensorflow":
        import tensorflow as tf

        gpu = tf.config.list_physical_devices("GPU")[0]
        return str(tf.config.experimental.get_device_details(gpu).get("device_name"))
    if kind == "jax":
        import jax

        return str(jax.devices()[0].device_kind)
    import torch

    return str(torch.cuda.get_device_name())


def process_peak_bytes() -> int | None:
    """The most memory that this process has held; None where the system doesn't say."""
    if sys.platform == "darwin":
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux's own `ru_maxrss` begins with what the parent held.
    try:
        return peak_memory() or None
    except OSError:  # no /proc
        return None


def device_peak_bytes() -> int | None:
    """The most device memory that arrays have taken; None on a processor."""
    if on_cpu():
        return None
    kind = keras.backend.backend()
    if kind == "tensorflow":
        import tensorflow as tf

        return int(tf.config.experimental.get_memory_info("GPU:0")["peak"])
    if kind == "jax":
        import jax

        statistics = jax.devices()[0].memory_stats() or {}
        return statistics.get("peak_bytes_in_use")
    import torch

    return int(torch.cuda.max_memory_allocated())
