"""Capacity: the KL is held at a value that rises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import vaekit
from annotated_types import Ge, Gt, Le
from keras import ops
from vaekit import distributions, schedules
from vaekit.distributions import LikelihoodName, likelihood_named

from vaekit_bounds.closed_forms import forms_of
from vaekit_bounds.kl_bounds import Average, BoundedKL


class Capacity(BoundedKL):
    """`reconstruction` in nats, and `capacity_gap` = gamma |KL - C|; see `capacity`."""

    minimises = "-log p(x|z) + gamma |KL - capacity|"

    def __init__(
        self,
        likelihood: distributions.Likelihood,
        gamma: float,
        capacity: schedules.Schedule,
        average: Average,
    ) -> None:
        super().__init__(likelihood, average)
        self.gamma = gamma
        self.schedules = {"capacity": capacity}

    def __call__(self, x: Any, output: vaekit.VAEOutput) -> Mapping[str, Any]:
        gap = ops.abs(self.averaged(output.kl) - output.schedule["capacity"])
        return {"reconstruction": self.reconstruction(x, output), "capacity_gap": self.gamma * gap}


def capacity(
    *,
    gamma: Annotated[float, Ge(0)] = 1000.0,
    capacity: Annotated[float, Ge(0)] = 25.0,
    steps: Annotated[int, Ge(1), Le(100_000_000)] = 100_000,
    average: Average = "batch",
    likelihood: LikelihoodName = "bernoulli",
    sigma: Annotated[float, Gt(0)] = 0.1,
) -> vaekit.Loss:
    """-E_q[log p(x|z)] + gamma |KL(q(z|x) || p(z)) - C|, C rising from 0 to `capacity` nats.

    Burgess et al., "Understanding disentangling in beta-VAE" (arXiv:1804.03599), equation 8. C
    rises in a straight line and then stays. The KL is averaged over the batch first, as in
    disentanglement_lib's `annealed_vae`, or is each image's own. The present C is reported as
    `capacity`.

    Args:
        gamma: weight of the gap between KL and C; 1000 in the paper.
        capacity: what C rises to, in nats; 25 in the paper.
        steps: over how many training steps it rises; 100000 in the paper. A shorter run needs
            fewer, or its KL stays small.
        average: whether the KL that is held at C is the batch's mean or each image's.
        likelihood: p(x|z) of a pixel.
        sigma: standard deviation of the Gaussian likelihood.
    """
    rising = schedules.Linear(capacity, steps)
    return Capacity(likelihood_named(likelihood, sigma), gamma, rising, average)


capacity.closed_forms = forms_of(  # type: ignore[attr-defined]
    lambda: capacity(gamma=2.0, average="image", likelihood="gaussian", sigma=1.0),
    lambda known: {
        "reconstruction": -known.log_prob[0],
        "capacity_gap": 2.0 * abs(known.kl.sum(axis=-1) - 1.5),
    },
    schedule={"capacity": 1.5},
)
