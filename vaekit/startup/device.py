"""The device that Keras computes on."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

from vaekit.errors import UserError
from vaekit.startup.choices import Choice
from vaekit.wording import option_text


def device_name() -> str:
    """The device of a new tensor, as `cpu:0` or `gpu:0`."""
    import keras

    if keras.backend.backend() == "torch":  # Keras 3.15 lists no devices there
        return str(keras.ops.zeros(()).device).replace("cuda", "gpu")
    return (keras.distribution.list_devices() or ["cpu:0"])[0]


def on_cpu() -> bool:
    """Whether Keras computes on the processor."""
    return device_name().startswith("cpu")


def device_memory() -> int | None:
    """Bytes of the device that Keras computes on; None where that is the machine's own, or untold.

    TensorFlow doesn't tell.
    """
    import keras

    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        told: dict[str, Any] = jax.local_devices()[0].memory_stats() or {}
        return told.get("bytes_limit")
    if backend == "torch":
        import torch

        if torch.cuda.is_available():
            return int(torch.cuda.mem_get_info()[1])
    return None


def hide_gpus_before_import(wanted: str | None) -> None:
    """For `cpu`, keep JAX and Keras's torch backend, which aren't imported yet, off every GPU."""
    if wanted == "cpu":
        os.environ["JAX_PLATFORMS"] = "cpu"
        os.environ["KERAS_TORCH_DEVICE"] = "cpu"


def hide_gpus(backend: str, wanted: str | None) -> None:
    """For `cpu`, keep TensorFlow, which has not started yet, off every GPU."""
    if wanted == "cpu" and backend == "tensorflow":
        import tensorflow as tf

        with suppress(RuntimeError):  # it has started: `choose_device` says so
            tf.config.set_visible_devices([], "GPU")


def choose_device(backend: str, wanted: str | None) -> Choice:
    """The device that `backend` started on. Raises `UserError` if it isn't the one wanted."""
    name = device_name()
    kind = "cpu" if name.startswith("cpu") else "gpu"
    if wanted == "gpu" and kind == "cpu":
        raise UserError(
            f"There is no GPU here that {backend} can use: leave {option_text('device')} out to "
            "train on the processor, and see what vaekit doctor says."
        )
    if wanted == "cpu" and kind == "gpu":
        raise UserError(
            f"Keras is already running on {name} in this process, so it can't run on the "
            "processor: choose the device before Keras is imported, or start a new process."
        )
    if wanted is not None:
        return Choice("device", name, f"as {option_text('device')} asks")
    why = f"the first GPU that {backend} sees" if kind == "gpu" else f"{backend} sees no GPU"
    return Choice("device", name, why)
