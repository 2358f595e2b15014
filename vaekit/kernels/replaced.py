"""Functions of others, replaced or watched for a while.

A step reaches Keras's layers and optimizers through whatever backbone a plugin built; there is no
seam nearer to them than the functions that they look up as they run.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import keras

# Two threads that took turns here in the wrong order would leave one's functions for good.
in_turn = threading.RLock()


@contextmanager
def replaced(owner: Any, **attributes: Any) -> Iterator[None]:
    """While entered, a class or a module has these functions, or modules, in place of its own.

    In this thread: others wait where they ask for the same, and have the plain ones elsewhere.

    Raises `TypeError` for a function that takes other parameters than what stands in for it, and
    `AttributeError` where there is none.
    """
    with in_turn:
        plain = {name: getattr(owner, name) for name in attributes}
        for name, stand_in in attributes.items():
            _refuse_other_parameters(owner, name, plain[name], stand_in)
        try:
            for name, stand_in in attributes.items():
                setattr(owner, name, _in_this_thread(stand_in, plain[name]))
            yield
        finally:
            for name, own in plain.items():
                setattr(owner, name, own)


def _in_this_thread(stand_in: Any, plain: Any) -> Any:
    """A function's stand-in for calls of the thread that asks, and itself for those of others."""
    if not inspect.isroutine(plain):
        return stand_in
    thread = threading.get_ident()

    @wraps(plain, updated=())
    def chosen(*args: Any, **kwargs: Any) -> Any:
        return (stand_in if threading.get_ident() == thread else plain)(*args, **kwargs)

    return chosen


def _refuse_other_parameters(owner: Any, name: str, plain: Any, stand_in: Any) -> None:
    if not callable(plain):
        return
    wanted, ours = (list(inspect.signature(function).parameters) for function in (plain, stand_in))
    if wanted != ours:
        raise TypeError(
            f"{owner.__name__}.{name} takes ({', '.join(wanted)}) and not ({', '.join(ours)})"
        )


@contextmanager
def watched_calls(saw: Callable[[Any, tuple[int, ...], tuple[int, ...]], None]) -> Iterator[None]:
    """While entered, `saw(layer, input shape, output shape)` hears of every call of a layer.

    A layer may hold layers that no list of the model's has; all of them come through here.
    """

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        output = plain(self, *args, **kwargs)
        if args and hasattr(args[0], "shape") and hasattr(output, "shape"):
            saw(self, tuple(args[0].shape), tuple(output.shape))
        return output

    with in_turn:  # so that `plain` is not what another thread put there
        plain = keras.layers.Layer.__call__
        with replaced(keras.layers.Layer, __call__=call):
            yield
