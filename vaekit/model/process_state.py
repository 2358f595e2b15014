"""What Keras keeps for the whole process, set for a while: random state and defaults.

A layer takes its seed from Python's global generator, and its data format, dtype and epsilon from
Keras's settings, which may come from the user's `keras.json`. There is no other way to reach them
inside a stranger's backbone.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np

# One thread at a time: another would draw from the same generator, or find the other's defaults.
_lock = threading.RLock()

FLOAT32 = "float32"


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Make what Keras builds a function of `seed` alone; afterwards all is as it was.

    Neither the user's settings of Keras nor what other threads draw has a part in it.
    """
    with stock_defaults():
        python, numpy = random.getstate(), np.random.get_state()
        keras.utils.set_random_seed(seed)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)


@contextmanager
def stock_defaults() -> Iterator[None]:
    """While entered, Keras's settings are those that it is installed with."""
    config = keras.config
    with _lock:
        before = (
            config.image_data_format(),
            config.floatx(),
            config.epsilon(),
            config.dtype_policy(),
        )
        _configure("channels_last", FLOAT32, 1e-7, keras.DTypePolicy(FLOAT32))
        try:
            yield
        finally:
            _configure(*before)


@contextmanager
def built_in(precision: str) -> Iterator[None]:
    """While entered, layers take the Keras dtype policy `precision` unless they name their own."""
    with _lock:
        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy(precision)
        try:
            yield
        finally:
            keras.config.set_dtype_policy(before)


def _configure(data_format: str, floatx: str, epsilon: float, policy: keras.DTypePolicy) -> None:
    keras.config.set_image_data_format(data_format)
    keras.config.set_floatx(floatx)
    keras.config.set_epsilon(epsilon)
    keras.config.set_dtype_policy(policy)
