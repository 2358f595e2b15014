"""beta-TCVAE: the KL taken apart, its parts weighted one by one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import vaekit
from annotated_types import Ge, Gt
from keras import ops
from vaekit import distributions
from vaekit.distributions import LikelihoodName

from vaekit_disentangle.common import LikelihoodLoss


def stratified_log_weights(size: Any, dataset_size: int) -> Any:
    """Logarithms `(size, size)` of how much q(z_i|x_j) counts in the estimate of q(z_i).

    Chen et al.'s estimator (appendix C.2) is q(z|x) / N + 1/M sum_{m<M} q(z|x_m)
    + (N - M) / (N M) q(z|x_M), with M = size - 1 other images, the last of which is arbitrary.
    Here each of them takes its turn as the last one and the M estimates are averaged, so each
    counts (N - 1) / (N M). That is as unbiased, varies less, is exact where the batch is the whole
    data set, and doesn't depend on the batch's order.
    """
    count = ops.cast(size, "float32")
    # Evaluation may take more images at once than there were to train on.
    total = ops.maximum(ops.cast(dataset_size, "float32"), count)
    # An image without others stands for the whole data set.
    own = ops.where(count > 1.0, -ops.log(total), 0.0)
    # With `count` 1 nothing takes this weight; it must only be finite.
    others = ops.log(ops.maximum(total - 1.0, 1.0)) - ops.log(total * ops.maximum(count - 1.0, 1.0))
    index = ops.arange(size)
    return ops.where(index[:, None] == index[None, :], own, others)


def aggregate_log_probs(output: vaekit.VAEOutput) -> tuple[Any, Any]:
    """Estimates of log q(z), `(B,)`, and of log q(z_j) for each latent, `(B, latent_dim)`.

    q(z) is the average of q(z|x) over the images to train on.
    """
    mean, log_var = output.posterior
    # [i, j, d]: the latent d of z_i under q(z|x_j).
    log_prob = distributions.normal_log_prob(output.z[:, None], mean[None], log_var[None])
    log_weights = stratified_log_weights(ops.shape(output.z)[0], output.dataset_size)
    joint = ops.logsumexp(ops.sum(log_prob, axis=-1) + log_weights, axis=1)
    marginals = ops.logsumexp(log_prob + log_weights[:, :, None], axis=1)
    return joint, marginals


class BetaTCVAE(LikelihoodLoss):
    """`reconstruction`, and the weighted parts of the KL; nats where a weight is 1."""

    def __init__(
        self, alpha: float, beta: float, gamma: float, likelihood: LikelihoodName, sigma: float
    ) -> None:
        super().__init__(likelihood, sigma)
        self.alpha = alpha
        self.beta = beta
        self.gamma = gamma

    def __call__(self, x: Any, output: vaekit.VAEOutput) -> Mapping[str, Any]:
        mean, log_var = output.posterior
        own = ops.sum(distributions.normal_log_prob(output.z, mean, log_var), axis=-1)
        prior = ops.sum(distributions.normal_log_prob(output.z, 0.0), axis=-1)
        joint, marginals = aggregate_log_probs(output)
        product = ops.sum(marginals, axis=-1)
        return {
            "reconstruction": self.reconstruction(x, output),
            "weighted_mutual_information": self.alpha * (own - joint),
            "weighted_total_correlation": self.beta * (joint - product),
            "weighted_dimension_wise_kl": self.gamma * (product - prior),
        }


def beta_tcvae(
    *,
    alpha: Annotated[float, Ge(0)] = 1.0,
    beta: Annotated[float, Ge(0)] = 6.0,
    gamma: Annotated[float, Ge(0)] = 1.0,
    likelihood: LikelihoodName = "bernoulli",
    sigma: Annotated[float, Gt(0)] = 0.1,
) -> vaekit.Loss:
    """beta-TCVAE: the KL as mutual information, total correlation and dimension-wise KL.

    -E_q[log p(x|z)] + alpha I_q(z; x) + beta KL(q(z) || prod_j q(z_j))
    + gamma sum_j KL(q(z_j) || p(z_j)): Chen et al., "Isolating Sources of Disentanglement in
    Variational Autoencoders" (arXiv:1802.04942), equation 4. log q(z) and log q(z_j) are estimated
    from the batch by stratified sampling (appendix C.2); single values, and with small batches the
    means too, may be negative. The three parts are one estimate of the KL where all weights are 1.
    Time and memory grow with the square of the batch size.

    Args:
        alpha: weight of the mutual information of image and latents.
        beta: weight of the total correlation; 6 on dSprites in the paper.
        gamma: weight of the dimension-wise KL.
        likelihood: p(x|z) of a pixel.
        sigma: standard deviation of the Gaussian likelihood.
    """
    return BetaTCVAE(alpha, beta, gamma, likelihood, sigma)
