"""Muon for nets with convolutions."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops


class Muon(keras.optimizers.Muon):  # type: ignore[misc]
    """Keras's Muon, which moves convolutions' kernels as it does matrices.

    Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024): a kernel's
    momentum, as a matrix, is replaced by about the nearest one with orthogonal rows or columns.
    Its size is that of Liu et al. (arXiv:2502.16982, section 2.2), so that Adam's rates serve. What
    has no such matrix goes by Adam: biases, norms, kernels of a single channel, and dense ones at
    the latents.

    latent_dim: dense kernels from or to no more units than this are taken for those at the latents.
    """

    def __init__(self, learning_rate: Any, *, latent_dim: int) -> None:
        super().__init__(learning_rate, weight_decay=None, adam_weight_decay=None)
        self._latent_dim = latent_dim

    def _should_use_adamw(self, variable: Any) -> bool:
        if len(variable.shape) < 2 or "embedding" in variable.path.lower():
            return True
        least = self._latent_dim if len(variable.shape) == 2 else 1
        return bool(min(variable.shape[-2:]) <= least)

    def zeropower_via_newtonschulz5(self, x: Any, steps: int) -> Any:
        return ops.reshape(super().zeropower_via_newtonschulz5(_matrix(x), steps), x.shape)

    def lr_adjust(self, x: Any) -> Any:
        return ops.reshape(super().lr_adjust(_matrix(x)), x.shape)


def _matrix(kernel: Any) -> Any:
    """A kernel as a matrix with a column for each of its last axis.

    Those are a convolution's outputs `(..., inputs, outputs)`, and a transposed one's inputs
    `(..., outputs, inputs)`: so one is the other's transpose, as the operations are.
    """
    return ops.reshape(kernel, (math.prod(kernel.shape[:-1]), kernel.shape[-1]))
