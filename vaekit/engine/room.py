"""How much of a data set may be held: what the user says, or what the machine has free."""

from __future__ import annotations

from typing import Any

import keras

from vaekit.data import Budget, free_budget


def data_budget(asked: int | None) -> Budget:
    """So many bytes if asked for, else a quarter of the memory that is free here.

    That is the machine's, or the device's where it has less and its backend tells.
    """
    return Budget(asked, given=True) if asked is not None else free_budget(_device_memory())


def _device_memory() -> int | None:
    """Bytes of the device that Keras computes on; None where that is the machine's own, or untold.

    TensorFlow doesn't tell.
    """
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        told: dict[str, Any] = jax.devices()[0].memory_stats() or {}
        return told.get("bytes_limit")
    if backend == "torch":
        import torch

        if torch.cuda.is_available():
            return int(torch.cuda.mem_get_info()[1])
    return None
