"""What Keras keeps for the process or the thread, set for a while: random state, dtype policy.

A layer takes its seed from Python's global generator, and its policy from Keras's settings. There
is no other way to reach them inside a stranger's backbone.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np

# One thread at a time: another would draw from the same generator.
_lock = threading.RLock()

FLOAT32 = "float32"


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Make what Keras builds a function of `seed` alone; afterwards all is as it was."""
    with _lock:
        python, numpy = random.getstate(), np.random.get_state()
        keras.utils.set_random_seed(seed)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)


@contextmanager
def built_in(precision: str) -> Iterator[None]:
    """While entered, layers take the Keras dtype policy `precision` unless they name their own."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
