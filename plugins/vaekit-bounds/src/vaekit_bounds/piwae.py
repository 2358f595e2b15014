"""PIWAE: partially importance-weighted autoencoding, a bound for each of two players."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import vaekit
from annotated_types import Ge, Gt
from keras import ops
from vaekit import distributions
from vaekit.distributions import LikelihoodName, likelihood_named

from vaekit_bounds.closed_forms import forms_of, group_means
from vaekit_bounds.importance_weights import ImportanceWeighted, group_bounds, log_mean_exp


class PIWAE(ImportanceWeighted):
    """`negative_iwae` for the decoder, `negative_miwae` for the encoder, in nats; see `piwae`."""

    minimises = "-IWAE bound by the decoder, -MIWAE bound by the encoder, in nats"
    players: Mapping[str, vaekit.Player] = {
        "loss": vaekit.Player(("decoder", "prior"), {"negative_iwae": 1.0}),
        "encoder": vaekit.Player(("encoder", "latent"), {"negative_miwae": 1.0}),
    }

    def __init__(self, likelihood: distributions.Likelihood, groups: int, samples: int) -> None:
        super().__init__(likelihood, groups * samples)
        self.groups = groups

    def __call__(self, x: Any, output: vaekit.VAEOutput) -> Mapping[str, Any]:
        bounds = group_bounds(self.log_weights(x, output), self.groups)
        return {
            "negative_iwae": -log_mean_exp(bounds),
            "negative_miwae": -ops.mean(bounds, axis=0),
        }


def piwae(
    *,
    groups: Annotated[int, Ge(1)] = 8,
    samples: Annotated[int, Ge(1)] = 8,
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
        groups: M, how many bounds the encoder's is the mean of.
        samples: K, draws of z of each; 64 draws in all in the paper.
        likelihood: p(x|z) of a pixel.
        sigma: standard deviation of the Gaussian likelihood.
    """
    return PIWAE(likelihood_named(likelihood, sigma), groups, samples)


piwae.closed_forms = forms_of(  # type: ignore[attr-defined]
    lambda: piwae(groups=2, samples=3, likelihood="gaussian", sigma=1.0),
    lambda known: {
        "negative_iwae": -group_means(known.log_weights, (slice(6),))[0],
        "negative_miwae": -group_means(known.log_weights, (slice(3), slice(3, 6))).mean(axis=0),
    },
    draws=6,
)
