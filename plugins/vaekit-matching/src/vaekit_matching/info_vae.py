"""InfoVAE: less weight on each image's KL, more on the law of z as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import vaekit
from annotated_types import Ge, Gt, Le
from keras import ops
from vaekit import distributions
from vaekit.distributions import LikelihoodName, likelihood_named

from vaekit_matching.mmd import KernelName, squared_mmd


class InfoVAE(vaekit.Loss):
    """`reconstruction` and `kl` in nats, and `mmd`, the same for each image; see `info_vae`."""

    posterior = object
    prior = vaekit.Distribution
    weighs_kl = True

    def __init__(
        self,
        alpha: float,
        lambda_mmd: float,
        kernel: KernelName,
        bandwidth: float | None,
        likelihood: distributions.Likelihood,
    ) -> None:
        self.kernel: KernelName = kernel
        self.bandwidth = bandwidth
        self.likelihood: distributions.Likelihood = likelihood
        self.scale = likelihood.scale
        weights = {"reconstruction": 1.0, "kl": 1.0 - alpha, "mmd": alpha + lambda_mmd}
        self.players = {"loss": vaekit.Loss.players["loss"]._replace(terms=weights)}
        self.minimises = (
            f"-log p(x|z) + {weights['kl']:g} x KL + {weights['mmd']:g} x squared MMD of z from "
            "the prior"
        )

    def __call__(self, x: Any, output: vaekit.VAEOutput) -> Mapping[str, Any]:
        mmd = squared_mmd(output.z, output.prior_draws(), self.kernel, self.bandwidth)
        return {
            "reconstruction": -self.likelihood.log_prob(x, output.reconstruction),
            "kl": output.kl,
            "mmd": mmd * ops.ones_like(output.kl),
        }


def info_vae(
    *,
    alpha: Annotated[float, Ge(0), Le(1)] = 0.5,
    lambda_mmd: Annotated[float, Ge(0)] = 100.0,
    kernel: KernelName = "imq",
    bandwidth: Annotated[float, Gt(0)] | None = None,
    likelihood: LikelihoodName = "bernoulli",
    sigma: Annotated[float, Gt(0)] = 0.1,
) -> vaekit.Loss:
    """InfoVAE: -E_q[log p(x|z)] + (1 - alpha) KL(q(z|x) || p(z)) + (alpha + lambda) MMD^2.

    Zhao, Song and Ermon, "InfoVAE" (arXiv:1706.02262), equation 6, with MMD^2(q(z), p(z)) for the
    divergence of q(z), the average of q(z|x) over images, from the prior. The paper's lambda is
    this one plus 1, so that here alpha = lambda = 0 is the VAE; alpha = 1 is its MMD-VAE. `mmd` is
    the unbiased estimate of a batch, which may be negative: take batches of 64 and more. It needs a
    prior that can be sampled, and a KL that a weight can move.

    Args:
        alpha: weight of the mutual information of image and z, which is taken off the KL.
        lambda_mmd: lambda, weight of the discrepancy beside alpha.
        kernel: imq, C / (C + |a - b|^2) with C = 2 h^2, or rbf, exp(-|a - b|^2 / (2 h^2)).
        bandwidth: h of the kernel; none is the root of the number of latents.
        likelihood: p(x|z) of a pixel.
        sigma: standard deviation of the Gaussian likelihood.
    """
    return InfoVAE(alpha, lambda_mmd, kernel, bandwidth, likelihood_named(likelihood, sigma))
