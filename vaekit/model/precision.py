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
from vaekit.model.process_state import FLOAT32
from vaekit.model.summary import layers_within
from vaekit.wording import option_text


class TrainingPrecision:
    """The mixed policies that the layers of models were built with, taken off until training."""

    def __init__(self, models: Sequence[keras.Model]) -> None:
        # A layer within a layer computes by its own policy.
        layers = {id(layer): layer for model in models for layer in (model, *layers_within(model))}
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
        """While entered, layers compute as they were built to; it may be entered again within."""
        before = [(layer, layer.dtype_policy) for layer, _ in self._built]
        self._put(self._built)
        try:
            yield
        finally:
            self._put(before)

    @staticmethod
    def _put(policies: Sequence[tuple[Any, Any]]) -> None:
        for layer, policy in policies:
            layer.dtype_policy = policy


def refuse_lacking(precision: str) -> None:
    """Raise `UserError` if the device has no convolution in this precision."""
    if precision == FLOAT32:  # every device has it: what goes wrong there has another cause
        return
    dtype = keras.dtype_policies.get(precision).compute_dtype
    try:
        ones = ops.ones((1, 4, 4, 4), dtype=dtype)
        convolved = ops.conv(ones, ones, padding="same", data_format="channels_last")
        ops.convert_to_numpy(ops.cast(convolved, FLOAT32))
    except Exception as error:  # each backend has kinds of its own
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UserError(
            f"This device can't compute in {dtype}, which "
            f"{option_text('precision', precision)} needs: choose "
            f"another precision. ({type(error).__name__}: {reason})"
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip() or "it gives no reason").splitlines()[0]
