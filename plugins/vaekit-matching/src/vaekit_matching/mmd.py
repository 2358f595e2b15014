"""Maximum mean discrepancy: how far apart two laws are, by draws of each and a kernel."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

from keras import ops

KernelName = Literal["imq", "rbf"]

# From |a - b|^2 / (2 bandwidth^2) to the kernel of a and b.
KERNELS: dict[KernelName, Callable[[Any], Any]] = {
    "rbf": lambda scaled: ops.exp(-scaled),
    "imq": lambda scaled: 1.0 / (1.0 + scaled),
}


def usual_bandwidth(latent_dim: int) -> float:
    """sqrt(D): 2 D is the mean squared distance of two draws of N(0, I), WAE's C for its IMQ."""
    return math.sqrt(latent_dim)


def squared_mmd(z: Any, other: Any, kernel: KernelName, bandwidth: float | None) -> Any:
    """The unbiased estimate of MMD^2 between the laws of draws `(N, D)` and `(N, D)`, a scalar.

    The mean of k(z, z') and of k(o, o') over pairs of different draws, less twice that of k(z, o):
    Gretton et al., "A Kernel Two-Sample Test" (JMLR 2012), equation 3, with all N^2 cross pairs, as
    Tolstikhin et al. have it (arXiv:1711.01558, algorithm 2). It may be negative. It is 0 of single
    draws, which can't tell.

    kernel: "rbf", exp(-|a - b|^2 / (2 h^2)), or "imq", C / (C + |a - b|^2) with C = 2 h^2.
    bandwidth: h; None: `usual_bandwidth`.
    """
    h = usual_bandwidth(z.shape[-1]) if bandwidth is None else bandwidth
    count = ops.shape(z)[0]
    pairs = ops.cast(count * (count - 1), "float32")
    index = ops.arange(count)
    different = ops.cast(index[:, None] != index[None], "float32")

    def kernels(a: Any, b: Any) -> Any:
        return KERNELS[kernel](squared_distances(a, b) / (2.0 * h**2))

    within = ops.sum((kernels(z, z) + kernels(other, other)) * different)
    estimate = within / ops.maximum(pairs, 1.0) - 2.0 * ops.mean(kernels(z, other))
    return ops.where(pairs > 0.0, estimate, 0.0)


def squared_distances(a: Any, b: Any) -> Any:
    """|a_i - b_j|^2 of `(N, D)` and `(M, D)`, `(N, M)`, in memory that doesn't grow with D."""
    of_a, of_b = (ops.sum(ops.square(values), axis=-1) for values in (a, b))
    products = ops.matmul(a, ops.transpose(b))
    # Rounding may take it below 0.
    return ops.maximum(of_a[:, None] + of_b[None] - 2.0 * products, 0.0)
