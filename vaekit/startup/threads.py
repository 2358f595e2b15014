"""How many threads share the work of one operation on the processor."""

from __future__ import annotations

import os
from contextlib import suppress

from vaekit.errors import UserError
from vaekit.startup.choices import Choice
from vaekit.wording import option_text

# Beyond, a system may not give them at all, and none has anything to do.
_MOST_A_CORE = 64


def choose_threads(backend: str, wanted: int | None) -> Choice:
    """Set the number on a backend that has done nothing yet, or say what it takes by itself.

    Raises `UserError` if it can't be set: on JAX, once TensorFlow has started, or if it is more
    than any machine like this one can use.
    """
    cores = usable_cores()
    if wanted is not None and wanted > _MOST_A_CORE * cores:
        raise UserError(
            f"{option_text('threads', wanted)} is more than {_MOST_A_CORE} for each of "
            f"the {cores} cores here; choose fewer."
        )
    if backend == "jax":
        if wanted is not None:
            raise UserError(
                "JAX takes as many threads as it has cores: confine the process to some of them, "
                f"as with taskset, instead of {option_text('threads')}."
            )
        return Choice("threads", str(cores), "JAX takes one a core")
    present = _set_on_torch(wanted) if backend == "torch" else _set_on_tensorflow(wanted, cores)
    if wanted is None:
        return Choice("threads", str(present), f"{backend}'s own number; measured: others no gain")
    if present != wanted:
        raise UserError(
            f"TensorFlow is already running with {present} threads in this process, so it can't "
            f"run with {wanted}: start a new process."
        )
    return Choice("threads", str(present), f"as {option_text('threads')} asks")


def _set_on_torch(wanted: int | None) -> int:
    import torch

    if wanted is not None:
        torch.set_num_threads(wanted)
    return int(torch.get_num_threads())


def _set_on_tensorflow(wanted: int | None, cores: int) -> int:
    import tensorflow as tf

    threading = tf.config.threading
    if wanted is not None:
        with suppress(RuntimeError):  # it has started, and keeps the number that it has
            threading.set_intra_op_parallelism_threads(wanted)
    return threading.get_intra_op_parallelism_threads() or cores


def usable_cores() -> int:
    """The cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
