"""What the three losses share: p(x|z), and the term for it."""

from __future__ import annotations

from typing import Any

import vaekit
from vaekit import distributions
from vaekit.distributions import LikelihoodName, likelihood_named


class LikelihoodLoss(vaekit.Loss):
    """A loss one of whose terms is -log p(x|z), in nats."""

    def __init__(self, likelihood: LikelihoodName, sigma: float) -> None:
        self.likelihood: distributions.Likelihood = likelihood_named(likelihood, sigma)
        self.scale = self.likelihood.scale

    def reconstruction(self, x: Any, output: vaekit.VAEOutput) -> Any:
        """-log p(x|z) in nats, `(B,)`."""
        return -self.likelihood.log_prob(x, output.reconstruction)
