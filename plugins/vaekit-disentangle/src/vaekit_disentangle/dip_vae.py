"""DIP-VAE: the latents' covariance over the data, drawn to the identity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import vaekit
from annotated_types import Ge, Gt
from keras import ops
from vaekit.distributions import LikelihoodName

from vaekit_disentangle.common import LikelihoodLoss

Kind = Literal["I", "II"]


def covariance(kind: Kind, output: vaekit.VAEOutput) -> Any:
    """Cov[z_mean] over the batch (I), or Cov[z] = E[diag(sigma^2)] + Cov[z_mean] (II).

    Shape `(latent_dim, latent_dim)`; the averages are over B, not B - 1.
    """
    mean, log_var = output.posterior
    centred = mean - ops.mean(mean, axis=0, keepdims=True)
    count = ops.cast(ops.shape(mean)[0], mean.dtype)
    of_means = ops.matmul(ops.transpose(centred), centred) / count
    if kind == "I":
        return of_means
    return of_means + ops.diag(ops.mean(ops.exp(log_var), axis=0))


class DIPVAE(LikelihoodLoss):
    """`reconstruction`, `kl` and `covariance_penalty`, which is the same for each image."""

    def __init__(
        self,
        kind: Kind,
        lambda_od: float,
        lambda_d: float,
        likelihood: LikelihoodName,
        sigma: float,
    ) -> None:
        super().__init__(likelihood, sigma)
        self.kind = kind
        self.lambda_od = lambda_od
        self.lambda_d = lambda_d

    def __call__(self, x: Any, output: vaekit.VAEOutput) -> Mapping[str, Any]:
        divergence = output.posterior.kl()
        return {
            "reconstruction": self.reconstruction(x, output),
            "kl": divergence,
            # A batch has one covariance; as a term of each image, its mean is that one value.
            "covariance_penalty": self._penalty(output) * ops.ones_like(divergence),
        }

    def _penalty(self, output: vaekit.VAEOutput) -> Any:
        latent_covariance = covariance(self.kind, output)
        identity = ops.eye(latent_covariance.shape[0], dtype=latent_covariance.dtype)
        distance = ops.square(latent_covariance - identity)
        off_diagonal = ops.sum(distance * (1.0 - identity))
        return self.lambda_od * off_diagonal + self.lambda_d * ops.sum(distance * identity)


def dip_vae(
    *,
    kind: Kind = "I",
    lambda_od: Annotated[float, Ge(0)] = 10.0,
    lambda_d: Annotated[float, Ge(0)] | None = None,
    likelihood: LikelihoodName = "bernoulli",
    sigma: Annotated[float, Gt(0)] = 0.1,
) -> vaekit.Loss:
    """DIP-VAE: the negative ELBO and a penalty on the covariance C of the latents over the batch.

    -E_q[log p(x|z)] + KL(q(z|x) || N(0, I)) + lambda_od sum_{i != j} C_ij^2
    + lambda_d sum_i (C_ii - 1)^2: Kumar et al., "Variational Inference of Disentangled Latent
    Concepts from Unlabeled Observations" (arXiv:1711.00848). In DIP-VAE-I C is Cov[mu(x)], in
    DIP-VAE-II it is Cov[z] = E[diag(sigma^2(x))] + Cov[mu(x)].

    Args:
        kind: whether C is the covariance of the posteriors' means (I) or of z itself (II).
        lambda_od: weight of the covariances, off the diagonal.
        lambda_d: weight of the variances; none is the paper's: 10 lambda_od (I), lambda_od (II).
        likelihood: p(x|z) of a pixel.
        sigma: standard deviation of the Gaussian likelihood.
    """
    if lambda_d is None:
        lambda_d = 10.0 * lambda_od if kind == "I" else lambda_od
    return DIPVAE(kind, lambda_od, lambda_d, likelihood, sigma)
