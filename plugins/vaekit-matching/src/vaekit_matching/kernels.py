"""The kernels of a decoder: how large they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

# Each lowers the share of the second singular vector by the squared ratio of the two values.
POWER_ITERATIONS = 50


def kernels_of(weights: Sequence[keras.Variable]) -> list[keras.Variable]:
    """Those of dense layers and convolutions: biases and scales of normalisation have one axis."""
    return [weight for weight in weights if len(weight.shape) > 1]


def squared_norm(kernels: Sequence[keras.Variable]) -> Any:
    """The sum of all squares, a scalar."""
    return sum(ops.sum(ops.square(kernel)) for kernel in kernels)


def spectral_norm(kernel: keras.Variable, seed: Any) -> Any:
    """The largest singular value of a kernel `(..., N)` as a matrix `(M, N)`, a scalar.

    By power iterations from a drawn start, through which no gradient passes: Miyato et al.,
    "Spectral Normalization" (arXiv:1802.05957), algorithm 1. It is never above the true one.

    seed: a `keras.random.SeedGenerator`.
    """
    matrix = ops.reshape(kernel, (-1, kernel.shape[-1]))
    fixed = ops.stop_gradient(matrix)

    def closer(_: Any, right: Any) -> Any:
        return _normalised(ops.matmul(ops.transpose(fixed), ops.matmul(fixed, right)))

    start = keras.random.normal((kernel.shape[-1], 1), seed=seed)
    right = ops.fori_loop(0, POWER_ITERATIONS, closer, _normalised(start))
    left = _normalised(ops.matmul(fixed, right))
    return ops.sum(left * ops.matmul(matrix, right))


def _normalised(vector: Any) -> Any:
    return vector * ops.rsqrt(ops.maximum(ops.sum(ops.square(vector)), 1e-24))
