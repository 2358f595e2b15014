"""PIWAE: partially importance-weighted autoencoding, a bound for each of two players."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any

import vaekit
from annotated_types import Ge, Gt
from keras import ops
from vaekit import distributions
from vaekit.distributions import LikelihoodName, likelihood_named


class PIWAE(vaekit.Loss):
    """`negative_iwae` for the decoder, `negative_miwae` for the encoder, in nats; see `piwae`."""

    posterior = prior = object
    density = True
    minimises = "-IWAE bound by the decoder, -MIWAE bound by the encoder, in nats"

    def __init__(self, likelihood: distributions.Likelihood, groups: int, samples: int) -> None:
        self.likelihood: distributions.Likelihood = likelihood
        self.scale = likelihood.scale
        self.groups, self.group_samples = groups, samples
        self.samples = groups * samples
        self.players = {
            "loss": vaekit.Player(("decoder", "prior"), {"negative_iwae": 1.0}),
            "encoder": vaekit.Player(("encoder", "latent"), {"negative_miwae": 1.0}),
        }

    def __call__(self, x: Any, output: vaekit.VAEOutput) -> Mapping[str, Any]:
        log_weights = self.likelihood.log_prob(x, output.reconstruction) - output.log_ratio
        grouped = ops.reshape(log_weights, (self.groups, self.group_samples, -1))
        each = ops.logsumexp(grouped, axis=1) - math.log(self.group_samples)
        whole = ops.logsumexp(each, axis=0) - math.log(self.groups)
        return {"negative_iwae": -whole, "negative_miwae": -ops.mean(each, axis=0)}


def piwae(
    *,
    groups: Annotated[int, Ge(1)] = 4,
    samples: Annotated[int, Ge(1)] = 4,
    likelihood: LikelihoodName = "bernoulli",
    sigma: Annotated[float, Gt(0)] = 0.1,
) -> vaekit.Loss:
    """The decoder by the bound of all M K weights, the encoder by the mean of M bounds of K each.

    Rainforth et al., "Tighter Variational Bounds are Not Necessarily Better" (arXiv:1802.04537),
    section 5: the tighter the bound, the less its gradient tells the encoder. The weights are
    p(x|z) p(z) / q(z|x). Decoder and prior go down `negative_iwae`, encoder and latent
    `negative_miwae`. groups=1 is IWAE, samples=1 as many ELBOs for the encoder, and both 1 the
    plain ELBO.

    Args:
        groups: M, how many bounds the encoder's is the mean of; 8 in the paper.
        samples: K, draws of z of each; 8 in the paper.
        likelihood: p(x|z) of a pixel.
        sigma: standard deviation of the Gaussian likelihood.
    """
    return PIWAE(likelihood_named(likelihood, sigma), groups, samples)
