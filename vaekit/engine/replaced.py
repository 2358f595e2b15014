"""Functions of others, replaced for a while.

A step reaches Keras's layers and optimizers through whatever backbone a plugin built; there is no
seam nearer to them than the functions that they look up as they run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

# Two threads that took turns here in the wrong order would leave one's functions for good.
_in_turn = threading.RLock()


@contextmanager
def replaced(owner: Any, **functions: Callable[..., Any]) -> Iterator[None]:
    """While entered, a class or a module has these functions in place of its own, in this thread.

    One thread at a time: another one waits here, and has the plain functions elsewhere.
    """
    with _in_turn:
        plain = {name: getattr(owner, name) for name in functions}
        try:
            for name, function in functions.items():
                setattr(owner, name, _in_this_thread(function, plain[name]))
            yield
        finally:
            for name, function in plain.items():
                setattr(owner, name, function)


def _in_this_thread(function: Callable[..., Any], plain: Callable[..., Any]) -> Callable[..., Any]:
    """`function` for calls of the thread that asks, `plain` for those of others."""
    thread = threading.get_ident()

    @wraps(plain, updated=())
    def chosen(*args: Any, **kwargs: Any) -> Any:
        return (function if threading.get_ident() == thread else plain)(*args, **kwargs)

    return chosen
