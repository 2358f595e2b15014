"""Python's search for garbage, out of the way of an import."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """While entered, Python seeks no cycles of dead objects.

    An import makes hundreds of thousands of objects that stay, and the search goes through them
    again and again: a twentieth of what `vaekit train` takes beside its steps on TensorFlow.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
