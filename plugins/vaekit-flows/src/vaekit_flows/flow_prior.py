"""The prior that is a normal taken through a flow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import vaekit
from keras import layers, ops
from vaekit import distributions

from vaekit_flows.flow import Flow
from vaekit_flows.flow_distribution import FlowDistribution


class FlowPrior(vaekit.Prior):
    """p(z): N(0, I) through a learned flow; with a condition, a learned normal of each class.

    Normals by class before the flow are those of Izmailov et al., arXiv:1912.13025.
    """

    conditional = True

    def __init__(self, latent_size: int, flow: Flow) -> None:
        self.flow = flow
        # Of use in runs with a condition only.
        self._mean_of_class, self._log_var_of_class = (
            layers.Dense(
                latent_size, use_bias=False, kernel_initializer="zeros", name=f"prior_{name}"
            )
            for name in ("mean_of_class", "log_var_of_class")
        )

    def distribution(
        self,
        size: int,
        posterior_of: Callable[[Any], vaekit.Distribution],
        condition: Any = None,
    ) -> FlowDistribution:
        mean = log_var = ops.zeros((size,))
        if condition is not None:
            mean, log_var = self._mean_of_class(condition), self._log_var_of_class(condition)
        return FlowDistribution(distributions.DiagonalNormal(mean, log_var), self.flow)
