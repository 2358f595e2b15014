"""Gradients on whichever backend Keras runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from parts import array, tensor
from vaekit.autodiff import gradient


def jacobian(function: Callable[[Any], Any], at: np.ndarray) -> np.ndarray:
    """d function(at)_i / d at_j of a vector `(D,)`."""
    rows = [
        array(gradient(lambda z, row=row: function(z)[row], tensor(at))) for row in range(len(at))
    ]
    return np.stack(rows)


def gradients(value_of: Callable[[], Any], variables: Sequence[keras.Variable]) -> list[Any]:
    """The gradients in `variables` of the scalar that `value_of` computes; zeros where unused."""
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        def of(values: list[Any]) -> Any:
            with keras.StatelessScope(list(zip(variables, values, strict=True))):
                return value_of()

        return [array(g) for g in jax.grad(of)([variable.value for variable in variables])]
    if backend == "torch":
        import torch

        moved = [variable.value for variable in variables]
        made = torch.autograd.grad(value_of(), moved, materialize_grads=True)
        return [array(g) for g in made]
    import tensorflow as tf

    with tf.GradientTape() as tape:
        value = value_of()
    made = tape.gradient(
        value,
        [variable.value for variable in variables],
        unconnected_gradients=tf.UnconnectedGradients.ZERO,
    )
    return [array(g) for g in made]
