"""What the three losses share: p(x|z), and the term for it."""

from __future__ import annotations

from typing import Any, Literal

import vaekit
from keras import ops
from vaekit import distributions

LikelihoodName = Literal["bernoulli", "gaussian"]


def kl(output: vaekit.VAEOutput) -> Any:
    """KL(q(z|x) || N(0, I)) in nats, `(B,)`."""
    return ops.sum(distributions.kl_standard_normal(output.posterior), axis=-1)


class LikelihoodLoss(vaekit.Loss):
    """A loss one of whose terms is -log p(x|z), in nats."""

    def __init__(self, likelihood: LikelihoodName, sigma: float) -> None:
        self.likelihood: distributions.Likelihood = (
            distributions.Bernoulli()
            if likelihood == "bernoulli"
            else distributions.Gaussian(sigma)
        )
        self.scale = self.likelihood.scale

    def reconstruction(self, x: Any, output: vaekit.VAEOutput) -> Any:
        """-log p(x|z) in nats, `(B,)`."""
        return -self.likelihood.log_prob(x, output.reconstruction)
