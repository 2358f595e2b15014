"""Functions of others, replaced for a while.

Tracing reaches Keras's layers and optimizers through whatever backbone a plugin built; there is no
seam nearer to them than the functions that they look up as they run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def replaced(owner: Any, **functions: Callable[..., Any]) -> Iterator[None]:
    """While entered, a class or a module has these functions in place of its own."""
    plain = {name: getattr(owner, name) for name in functions}
    try:
        for name, function in functions.items():
            setattr(owner, name, function)
        yield
    finally:
        for name, function in plain.items():
            setattr(owner, name, function)
