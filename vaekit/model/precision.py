"""Mixed precision: layers compute in it while a VAE trains, and in float32 everywhere else.

What is saved, evaluated and handed to users is so in float32, whatever the training was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
from keras import ops

from vaekit.errors import UserError

FLOAT32 = "float32"


@contextmanager
def built_in(precision: str) -> Iterator[None]:
    """While entered, layers take the Keras dtype policy `precision` unless they name their own."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


class TrainingPrecision:
    """The mixed policies that the layers of models were built with, taken off until training."""

    def __init__(self, models: Sequence[keras.Model]) -> None:
        # A layer within a layer computes by its own policy.
        layers = {id(layer): layer for model in models for layer in model._flatten_layers()}
        self._built = [
            (layer, layer.dtype_policy)
            for layer in layers.values()
            if layer.compute_dtype != layer.variable_dtype
        ]
        self._put([(layer, FLOAT32) for layer, _ in self._built])

    @property
    def has_float16(self) -> bool:
        """Whether any layer computes in float16."""
        return any(policy.compute_dtype == "float16" for _, policy in self._built)

    @contextmanager
    def active(self) -> Iterator[None]:
        """While entered, layers compute as they were built to."""
        self._put(self._built)
        try:
            yield
        finally:
            self._put([(layer, FLOAT32) for layer, _ in self._built])

    @staticmethod
    def _put(policies: Sequence[tuple[Any, Any]]) -> None:
        for layer, policy in policies:
            layer.dtype_policy = policy


def refuse_lacking(precision: str) -> None:
    """Raise `UserError`, with the cause, if a convolution in this precision fails on the device.

    Every device has float32: what goes wrong there is told where it does.
    """
    if precision == FLOAT32:
        return
    dtype = keras.dtype_policies.get(precision).compute_dtype
    try:
        ones = ops.ones((1, 4, 4, 4), dtype=dtype)
        ops.convert_to_numpy(ops.cast(ops.conv(ones, ones, padding="same"), FLOAT32))
    except Exception as error:  # each backend has kinds of its own
        raise UserError(
            f"This device can't compute in {dtype}, which --precision {precision} needs "
            f"({type(error).__name__}: {_first_line(error)}): choose another precision."
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip() or "it gives no reason").splitlines()[0]
