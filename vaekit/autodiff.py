"""Gradients inside a step, for latents and losses that are made of one, on any backend."""

from __future__ import annotations

from collections.abc import Callable

import keras

from vaekit.types import Tensor


def gradient(f: Callable[[Tensor], Tensor], z: Tensor) -> Tensor:
    """The gradient in `z` of the sum of `f(z)`, in the shape of `z`.

    Where `f` gives one value for each image, that is the gradient of each image's own. Training
    differentiates it again, in `z` and in all weights that `f` uses. It is zero where `f` doesn't
    use `z`.

    f: operations of Keras or of its backend. It may assign no variable, so that layers are called
        at rest, and whatever is random is drawn before.
    """
    match keras.backend.backend():
        case "tensorflow":
            return _tensorflow(f, z)
        case "jax":
            import jax

            return jax.grad(lambda at: f(at).sum())(z)
        case "torch":
            return _torch(f, z)
        case other:
            raise NotImplementedError(f"There are no gradients on Keras's backend {other}.")


def _tensorflow(f: Callable[[Tensor], Tensor], z: Tensor) -> Tensor:
    import tensorflow as tf

    z = tf.convert_to_tensor(z)
    with tf.GradientTape() as tape:
        tape.watch(z)
        value = f(z)
    return tape.gradient(value, z, unconnected_gradients=tf.UnconnectedGradients.ZERO)


def _torch(f: Callable[[Tensor], Tensor], z: Tensor) -> Tensor:
    import torch

    differentiated_again = torch.is_grad_enabled()
    with torch.enable_grad():  # evaluation turns it off
        at = z if z.requires_grad else z.detach().requires_grad_(True)
        total = f(at).sum()
        if not total.requires_grad:
            return torch.zeros_like(z)
        (slope,) = torch.autograd.grad(
            total, at, create_graph=differentiated_again, materialize_grads=True
        )
    return slope
