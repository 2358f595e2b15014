"""Whether TensorFlow uses oneDNN's kernels on the processor, which it asks once, as it loads."""

from __future__ import annotations

import os
import sys

from vaekit.errors import UserError
from vaekit.startup.choices import Choice
from vaekit.wording import option_text

_VARIABLE = "TF_ENABLE_ONEDNN_OPTS"


def ask_before_import(wanted: bool | None) -> None:
    """Tell TensorFlow, if it isn't loaded yet.

    Raises `UserError` if it is, and was told otherwise.
    """
    if wanted is None or _is_on() == wanted:
        return
    if "tensorflow" in sys.modules:
        raise UserError(
            "TensorFlow is already loaded in this process, which decides about oneDNN: say "
            f"{_VARIABLE} before it is imported, or start a new process."
        )
    os.environ[_VARIABLE] = str(int(wanted))


def choose_onednn(backend: str, wanted: bool | None) -> Choice | None:
    """What TensorFlow was told; None on other backends, which have no such choice.

    Raises `UserError` if such a choice was made for one of those.
    """
    if backend != "tensorflow":
        if wanted is not None:
            raise UserError(
                f"{option_text('onednn', wanted)} is about TensorFlow's kernels, and this is "
                f"{backend}: leave it out."
            )
        return None
    value = "on" if _is_on() else "off"
    if wanted is not None:
        return Choice("onednn", value, f"as {option_text('onednn', wanted)} asks")
    if os.environ.get(_VARIABLE):
        return Choice("onednn", value, f"as {_VARIABLE} asks")
    return Choice("onednn", value, "usual: faster on most processors measured")


def onednn_asked() -> bool | None:
    """What the environment asks for, or what TensorFlow was loaded with; None if that is open."""
    return _is_on() if os.environ.get(_VARIABLE) or "tensorflow" in sys.modules else None


def _is_on() -> bool:
    return os.environ.get(_VARIABLE, "1") != "0"
