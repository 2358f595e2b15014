"""The Wasserstein autoencoder with a maximum mean discrepancy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import vaekit
from annotated_types import Ge, Gt
from keras import ops

from vaekit_matching.mmd import KernelName, squared_mmd
from vaekit_matching.squared_error import squared_error


class WAEMMD(vaekit.Loss):
    """`reconstruction`, a squared error, and `mmd`, the same for each image; see `wae_mmd`."""

    posterior = object
    prior = vaekit.Distribution

    def __init__(self, lambda_mmd: float, kernel: KernelName, bandwidth: float | None) -> None:
        self.kernel: KernelName = kernel
        self.bandwidth = bandwidth
        everything = vaekit.Loss.players["loss"]
        self.players = {
            "loss": everything._replace(terms={"reconstruction": 1.0, "mmd": lambda_mmd})
        }
        self.minimises = f"squared error + {lambda_mmd:g} x squared MMD of z from the prior"

    def __call__(self, x: Any, output: vaekit.VAEOutput) -> Mapping[str, Any]:
        error = squared_error(x, output.reconstruction)
        mmd = squared_mmd(output.z, output.prior_draws(), self.kernel, self.bandwidth)
        return {"reconstruction": error, "mmd": mmd * ops.ones_like(error)}


def wae_mmd(
    *,
    lambda_mmd: Annotated[float, Ge(0)] = 10.0,
    kernel: KernelName = "imq",
    bandwidth: Annotated[float, Gt(0)] | None = None,
) -> vaekit.Loss:
    """Wasserstein autoencoder: |x - x~|^2 + lambda MMD^2(q(z), p(z)).

    Tolstikhin et al., "Wasserstein Auto-Encoders" (arXiv:1711.01558), algorithm 2: q(z), the
    average of q(z|x) over images, is drawn to the prior, and each q(z|x) isn't. `mmd` is the
    unbiased estimate of a batch, which may be negative: take batches of 64 and more. Any latent
    will do, `deterministic` with a prior that is named too, and any prior that can be sampled. No
    likelihood of images, so no elbo.

    Args:
        lambda_mmd: weight of the discrepancy; in the paper 10 on MNIST and 100 on CelebA.
        kernel: imq, C / (C + |a - b|^2) with C = 2 h^2, or rbf, exp(-|a - b|^2 / (2 h^2)).
        bandwidth: h of the kernel; none is the root of the number of latents, the paper's C.
    """
    return WAEMMD(lambda_mmd, kernel, bandwidth)
