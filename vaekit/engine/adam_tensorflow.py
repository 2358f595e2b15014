"""Adam's arithmetic by TensorFlow's one kernel a variable, while a step is traced.

Keras writes it out as a dozen small operations a variable; for tens of variables they cost more
than their arithmetic. The kernel has the same formula, epsilon outside the root as Keras has it; it
takes 1 - beta in float32, so moments differ by 1e-5 of themselves and weights in the last digit.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf


@contextmanager
def fused_adam() -> Iterator[None]:
    """While entered, Keras's Adam (and what inherits its update) moves a variable in one kernel.

    What Keras does around the update stays: clipping, weight decay, averages, loss scaling.
    """
    optimizer = keras.optimizers.Adam
    plain = optimizer.update_step
    powers = _Powers()

    def update_step(self: Any, gradient: Any, variable: Any, learning_rate: Any) -> None:
        if not _fits(self, gradient, variable):
            plain(self, gradient, variable, learning_rate)
            return
        slot = self._get_variable_index(variable)
        beta_1_power, beta_2_power = powers.of(self)
        tf.raw_ops.ResourceApplyAdam(
            var=_resource(variable),
            m=_resource(self._momentums[slot]),
            v=_resource(self._velocities[slot]),
            beta1_power=beta_1_power,
            beta2_power=beta_2_power,
            lr=tf.cast(learning_rate, tf.float32),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=gradient,
        )

    optimizer.update_step = update_step
    try:
        yield
    finally:
        optimizer.update_step = plain


class _Powers:
    """The betas to the power of the step, once for all variables of an optimizer in a graph."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], tuple[Any, Any]] = {}

    def of(self, optimizer: Any) -> tuple[Any, Any]:
        key = id(optimizer), id(tf.compat.v1.get_default_graph())
        if key not in self._known:
            step = tf.cast(optimizer.iterations.value + 1, tf.float32)
            self._known[key] = tf.pow(optimizer.beta_1, step), tf.pow(optimizer.beta_2, step)
        return self._known[key]


def _fits(optimizer: Any, gradient: Any, variable: Any) -> bool:
    return bool(
        not optimizer.amsgrad
        and isinstance(gradient, tf.Tensor)
        and gradient.dtype == tf.float32
        and keras.backend.standardize_dtype(variable.dtype) == "float32"
    )


def _resource(variable: Any) -> Any:
    """The handle of TensorFlow's variable, which a Keras variable wraps."""
    return (variable.value if isinstance(variable, keras.Variable) else variable).handle
