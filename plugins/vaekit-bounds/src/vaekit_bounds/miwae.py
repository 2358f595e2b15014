"""MIWAE: the mean of several importance-weighted bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import vaekit
from annotated_types import Ge, Gt
from keras import ops
from vaekit import distributions
from vaekit.distributions import LikelihoodName, likelihood_named

from vaekit_bounds.closed_forms import forms_of, group_means
from vaekit_bounds.importance_weights import ImportanceWeighted, group_bounds


class MIWAE(ImportanceWeighted):
    """`negative_miwae` in nats; see `miwae`."""

    minimises = "-mean of importance-weighted bounds, in nats"

    def __init__(self, likelihood: distributions.Likelihood, groups: int, samples: int) -> None:
        super().__init__(likelihood, groups * samples)
        self.groups = groups

    def __call__(self, x: Any, output: vaekit.VAEOutput) -> Mapping[str, Any]:
        bounds = group_bounds(self.log_weights(x, output), self.groups)
        return {"negative_miwae": -ops.mean(bounds, axis=0)}


def miwae(
    *,
    groups: Annotated[int, Ge(1)] = 8,
    samples: Annotated[int, Ge(1)] = 8,
    likelihood: LikelihoodName = "bernoulli",
    sigma: Annotated[float, Gt(0)] = 0.1,
) -> vaekit.Loss:
    """The mean of M importance-weighted bounds of K draws each, in nats.

    1/M sum_m log 1/K sum_k w_mk, with w = p(x|z) p(z) / q(z|x): Rainforth et al., "Tighter
    Variational Bounds are Not Necessarily Better" (arXiv:1802.04537), section 5.1. One group is
    IWAE, one sample a group the ELBO of M draws.

    Args:
        groups: M, how many bounds it is the mean of.
        samples: K, draws of z of each; 64 draws in all in the paper.
        likelihood: p(x|z) of a pixel.
        sigma: standard deviation of the Gaussian likelihood.
    """
    return MIWAE(likelihood_named(likelihood, sigma), groups, samples)


miwae.closed_forms = forms_of(  # type: ignore[attr-defined]
    lambda: miwae(groups=2, samples=3, likelihood="gaussian", sigma=1.0),
    lambda known: {
        "negative_miwae": -group_means(known.log_weights, (slice(3), slice(3, 6))).mean(axis=0)
    },
    draws=6,
)
