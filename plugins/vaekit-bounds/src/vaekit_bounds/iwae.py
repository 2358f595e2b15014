"""IWAE: the importance-weighted bound."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import vaekit
from annotated_types import Ge, Gt
from vaekit.distributions import LikelihoodName, likelihood_named

from vaekit_bounds.closed_forms import forms_of, group_means
from vaekit_bounds.dreg import DoublyReparameterisedIWAE
from vaekit_bounds.importance_weights import ImportanceWeighted, log_mean_exp


class IWAE(ImportanceWeighted):
    """`negative_iwae` in nats; see `iwae`."""

    minimises = "-IWAE bound, in nats"

    def __call__(self, x: Any, output: vaekit.VAEOutput) -> Mapping[str, Any]:
        return {"negative_iwae": -log_mean_exp(self.log_weights(x, output))}


def iwae(
    *,
    samples: Annotated[int, Ge(1)] = 5,
    gradient: Literal["reparameterised", "doubly-reparameterised"] = "reparameterised",
    likelihood: LikelihoodName = "bernoulli",
    sigma: Annotated[float, Gt(0)] = 0.1,
) -> vaekit.Loss:
    """The importance-weighted bound, in nats: log 1/K sum_k w_k, with w = p(x|z) p(z) / q(z|x).

    Burda, Grosse and Salakhutdinov, "Importance Weighted Autoencoders" (arXiv:1509.00519), equation
    8: it rises with K towards log p(x), and K=1 is the ELBO. `negative_iwae` is minus the bound;
    the reported `elbo` stays the plain one. The doubly reparameterised gradient, DReG, is Tucker
    et al.'s (arXiv:1810.04152), equation 8: the encoder's gradient has the same mean and varies
    less; decoder and prior keep theirs. It needs the densities of posterior and prior at any z.

    Args:
        samples: K, draws of z for each image; 5 and 50 in the paper.
        gradient: how the encoder's gradient is estimated.
        likelihood: p(x|z) of a pixel.
        sigma: standard deviation of the Gaussian likelihood.
    """
    estimated = {"reparameterised": IWAE, "doubly-reparameterised": DoublyReparameterisedIWAE}
    return estimated[gradient](likelihood_named(likelihood, sigma), samples)


iwae.closed_forms = forms_of(  # type: ignore[attr-defined]
    lambda: iwae(samples=6, likelihood="gaussian", sigma=1.0),
    lambda known: {"negative_iwae": -group_means(known.log_weights, (slice(6),))[0]},
    draws=6,
)
