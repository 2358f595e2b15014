"""CIWAE: between the ELBO and the importance-weighted bound."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import vaekit
from annotated_types import Ge, Gt, Le
from keras import ops
from vaekit import distributions
from vaekit.distributions import LikelihoodName, likelihood_named

from vaekit_bounds.closed_forms import forms_of, group_means
from vaekit_bounds.importance_weights import ImportanceWeighted, log_mean_exp


class CIWAE(ImportanceWeighted):
    """`weighted_negative_elbo` and `weighted_negative_iwae`, in nats together; see `ciwae`."""

    def __init__(self, likelihood: distributions.Likelihood, beta: float, samples: int) -> None:
        super().__init__(likelihood, samples)
        self.beta = beta
        self.minimises = f"-({beta:g} x ELBO + {1.0 - beta:g} x IWAE bound), in nats"

    def __call__(self, x: Any, output: vaekit.VAEOutput) -> Mapping[str, Any]:
        log_prob = self.by_draw(self.likelihood.log_prob(x, output.reconstruction))
        elbo = ops.mean(log_prob, axis=0) - output.kl
        iwae = log_mean_exp(log_prob - self.by_draw(output.log_ratio))
        return {
            "weighted_negative_elbo": -self.beta * elbo,
            "weighted_negative_iwae": -(1.0 - self.beta) * iwae,
        }


def ciwae(
    *,
    beta: Annotated[float, Ge(0), Le(1)] = 0.5,
    samples: Annotated[int, Ge(1)] = 64,
    likelihood: LikelihoodName = "bernoulli",
    sigma: Annotated[float, Gt(0)] = 0.1,
) -> vaekit.Loss:
    """The mean of ELBO and importance-weighted bound, weighted: beta ELBO + (1 - beta) IWAE.

    Rainforth et al., "Tighter Variational Bounds are Not Necessarily Better" (arXiv:1802.04537),
    section 5.2; in nats. beta=1 is the VAE of K draws, 0 is IWAE. The ELBO is the reported `elbo`,
    with the KL in closed form where there is one.

    Args:
        beta: the ELBO's share.
        samples: K, draws of z for each image; 64 in the paper.
        likelihood: p(x|z) of a pixel.
        sigma: standard deviation of the Gaussian likelihood.
    """
    return CIWAE(likelihood_named(likelihood, sigma), beta, samples)


ciwae.closed_forms = forms_of(  # type: ignore[attr-defined]
    lambda: ciwae(beta=0.3, samples=6, likelihood="gaussian", sigma=1.0),
    lambda known: {
        "weighted_negative_elbo": -0.3 * (known.log_prob.mean(axis=0) - known.kl.sum(axis=-1)),
        "weighted_negative_iwae": -0.7 * group_means(known.log_weights, (slice(6),))[0],
    },
    draws=6,
)
