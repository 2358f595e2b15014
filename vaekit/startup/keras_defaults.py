"""Keras's process-wide defaults, held at what the kit is written for while one of its calls runs.

`keras.json` and `keras.config` set the image format, the float type and more for the whole process.
Layers read them as they are made, and the kit's images are `(B, H, W, C)` in float32.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")

# As Keras itself comes: by the name in `keras.config`.
_DEFAULTS: dict[str, Any] = {
    "image_data_format": "channels_last",
    "floatx": "float32",
    "epsilon": 1e-7,
}
_POLICY = "float32"


class _Holders:
    """Which calls of the kit are running, and what the user had set before the first of them.

    All threads share Keras's defaults, so the last call to end puts them back.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.calls = 0
        self.replaced: dict[str, Any] | None = None


_holders = _Holders()
_own = threading.local()  # Keras keeps the dtype policy by thread


@contextmanager
def keras_defaults() -> Iterator[None]:
    """While entered, no default that a user set is seen; afterwards, it is what it was.

    May be entered before Keras is imported: `hold` then takes effect just after that.
    """
    outermost = not getattr(_own, "entered", False)
    with _holders.lock:
        _holders.calls += 1
    _own.entered = True
    try:
        if "keras" in sys.modules:
            hold()
        yield
    finally:
        if outermost:
            _own.entered = False
            _release_policy()
        with _holders.lock:
            _holders.calls -= 1
            if not _holders.calls:
                _release()


def with_keras_defaults(
    function: Callable[_Parameters, _Result],
) -> Callable[_Parameters, _Result]:
    """`function`, inside of `keras_defaults`."""

    @wraps(function)
    def inside(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
        with keras_defaults():
            return function(*args, **kwargs)

    return inside


def hold() -> None:
    """Put Keras's own defaults in place, if inside of `keras_defaults`."""
    import keras

    if not getattr(_own, "entered", False):
        return
    if not hasattr(_own, "policy"):  # first, since Keras derives it from the float type
        _own.policy = keras.config.dtype_policy()
        keras.config.set_dtype_policy(_POLICY)
    with _holders.lock:
        if _holders.replaced is None:
            _holders.replaced = {name: getattr(keras.config, name)() for name in _DEFAULTS}
            _set(_DEFAULTS)


def _release_policy() -> None:
    if hasattr(_own, "policy"):
        import keras

        keras.config.set_dtype_policy(_own.policy)
        del _own.policy


def _release() -> None:
    if _holders.replaced is not None:
        _set(_holders.replaced)
        _holders.replaced = None


def _set(values: dict[str, Any]) -> None:
    import keras

    for name, value in values.items():
        getattr(keras.config, f"set_{name}")(value)
