"""The loss `old-loss`."""

from collections.abc import Mapping
from typing import Annotated, Any

import vaekit
from annotated_types import Ge
from vaekit import distributions


class WeightedElbo(vaekit.Loss):
    """Two terms for each image, both in nats and of shape `(B,)`; vaekit minimises their sum.

    `reconstruction` is -log p(x|z) of independent Bernoulli pixels, `weighted_kl` is
    kl_weight KL(q(z|x) || N(0, I)). A term called `kl` would have to be the KL itself.
    """

    likelihood = distributions.Bernoulli()
    scale = likelihood.scale  # the reconstruction comes as logits

    def __init__(self, kl_weight: float) -> None:
        self.kl_weight = kl_weight

    def __call__(self, x: Any, output: vaekit.VAEOutput) -> Mapping[str, Any]:
        kl = output.posterior.kl()
        return {
            "reconstruction": -self.likelihood.log_prob(x, output.reconstruction),
            "weighted_kl": self.kl_weight * kl,
        }


def loss(*, kl_weight: Annotated[float, Ge(0)] = 1.0) -> vaekit.Loss:
    """-E_q[log p(x|z)] + kl_weight KL(q(z|x) || N(0, I)): the negative ELBO where kl_weight is 1.

    Args:
        kl_weight: weight of the KL.
    """
    return WeightedElbo(kl_weight)
