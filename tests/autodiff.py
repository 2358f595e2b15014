"""The gradient of a function of a tensor, on whichever backend Keras runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras


def gradient(function: Callable[[Any], Any], at: Any) -> Any:
    """d function(at) / d at of a scalar."""
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        return jax.grad(function)(at)
    if backend == "torch":
        import torch

        at = at.detach().requires_grad_(True)
        return torch.autograd.grad(function(at), at)[0]
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(at)
        value = function(at)
    return tape.gradient(value, at)
