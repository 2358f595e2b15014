"""Whether a training step is compiled: always on TensorFlow and JAX, as a choice on torch.

By XLA always on JAX, as a choice on TensorFlow.
"""

from __future__ import annotations

import importlib.util
import os
import shutil

from vaekit.errors import UserError
from vaekit.startup.choices import Choice
from vaekit.startup.device import on_cpu
from vaekit.wording import option_text

_COMPILERS = ("g++", "clang++", "c++")


def choose_compilation(
    backend: str, wanted: bool | None, *, began: str | None = None, kernels: str = "fused"
) -> Choice:
    """Whether to compile, on the device that `backend` runs on; the value is `on` or `off`.

    began: what the run began with, if it goes on.
    kernels: `stock` leaves alone the parts of torch and Keras that its compiling reaches into.

    Raises `UserError` for `False` where a step is never run uncompiled, and for `True` where there
    is no compiler, or `kernels` leaves none.
    """
    if backend != "torch":
        if wanted is False:
            raise UserError(
                f"{option_text('compile', False)} is about torch: on {backend} the engine "
                "compiles every step, and has no other."
            )
        return Choice("compile", "on", f"the engine compiles every step on {backend}")
    if kernels == "stock":
        if wanted:
            raise UserError(
                f"{option_text('compile', True)} records a step by what "
                f"{option_text('kernels', 'stock')} leaves alone: drop one of the two."
            )
        return Choice("compile", "off", f"as {option_text('kernels', 'stock')} asks")
    missing = _missing() if wanted else ""
    if missing:
        raise UserError(
            f"{option_text('compile', True)} can't be done here, since {missing}: install it, or "
            "drop it."
        )
    if wanted is not None:
        return Choice(
            "compile", "on" if wanted else "off", f"as {option_text('compile', wanted)} asks"
        )
    if began is not None:
        return Choice("compile", began, "as the run began")
    return Choice("compile", "off", "compiling takes a minute or more, and not every part can be")


def choose_xla(backend: str, wanted: bool | None, *, workers: int = 1) -> Choice | None:
    """Whether XLA compiles the step on TensorFlow; None on other backends, without that choice.

    Raises `UserError` if such a choice was made for one of those, or for several workers.
    """
    if backend != "tensorflow":
        if wanted is not None:
            always = ", which always goes by it" if backend == "jax" else ""
            raise UserError(
                f"{option_text('xla', wanted)} is about TensorFlow, and this is {backend}{always}: "
                "leave it out."
            )
        return None
    if wanted and workers > 1:
        raise UserError(
            f"XLA can't compile a step that {workers} workers do together: leave "
            f"{option_text('xla')} out."
        )
    if wanted is not None:
        return Choice("xla", "on" if wanted else "off", f"as {option_text('xla', wanted)} asks")
    return Choice("xla", "off", "slower on processors, and not every part can be compiled by it")


def _missing() -> str:
    """What torch.compile lacks on this device, as half a sentence; empty if nothing."""
    if not on_cpu() and importlib.util.find_spec("triton") is None:
        return "there is no triton for this GPU"
    names = (os.environ.get("CXX", ""), *_COMPILERS)
    if not any(name and shutil.which(name) for name in names):
        return "there is no C++ compiler"
    return ""
