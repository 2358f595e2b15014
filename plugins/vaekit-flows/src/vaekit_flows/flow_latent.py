"""The latent whose posterior is a normal taken through a flow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import vaekit
from keras import layers
from vaekit import distributions
from vaekit.stock_layers import flattened, sampled

from vaekit_flows.flow import Chain, Flow
from vaekit_flows.flow_distribution import FlowDistribution


class FlowLatent(vaekit.Latent):
    """q(z|x): a diagonal normal, and steps of a flow that go by the image's own parameters."""

    free_parameters = True

    def __init__(self, latent_dim: int, steps: Sequence[Flow]) -> None:
        self.latent_dim = latent_dim
        self.flow = Chain(steps)

    def shape(self, features: tuple[int, ...]) -> tuple[int, ...]:
        return (self.latent_dim,)

    def heads(self, features: Any) -> dict[str, Any]:
        """`z0_mean` and `z0_log_var` `(B, D)` where the flow starts, and what its steps take."""
        vector = flattened(features)
        return {
            "z0_mean": layers.Dense(self.latent_dim, name="encoder_mu")(vector),
            "z0_log_var": layers.Dense(self.latent_dim, name="encoder_log_variance")(vector),
            **self.flow.heads(vector),
        }

    def posterior(self, parameters: Mapping[str, Any]) -> FlowDistribution:
        base = distributions.DiagonalNormal(parameters["z0_mean"], parameters["z0_log_var"])
        return FlowDistribution(base, self.flow, parameters)

    def point(self, parameters: Mapping[str, Any]) -> Any:
        """Where the flow brings the mean that it starts from."""
        return self.flow(parameters["z0_mean"], parameters)[0]

    def draw(self, parameters: Mapping[str, Any]) -> Any:
        start = sampled(
            parameters["z0_mean"], parameters["z0_log_var"], name="encoder_start", prefix="encoder"
        )
        return self.flow(start, parameters)[0]
