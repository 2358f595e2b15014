"""The latent of an inverse autoregressive flow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import vaekit
from annotated_types import Ge
from keras import layers
from vaekit import distributions
from vaekit.stock_layers import flattened, sampled

from vaekit_flows.autoregressive_flow import AutoregressiveFlow, FlowPosterior


class IAF(vaekit.Latent):
    """q(z|x): a diagonal normal, and a flow that sees the image's context; see `iaf`."""

    def __init__(self, latent_dim: int, steps: int, units: int) -> None:
        self.latent_dim, self.units = latent_dim, units
        self._flow = AutoregressiveFlow(latent_dim, steps, units, context=units)

    def shape(self, features: tuple[int, ...]) -> tuple[int, ...]:
        return (self.latent_dim,)

    def heads(self, features: Any) -> dict[str, Any]:
        """`z0_mean` and `z0_log_var` `(B, D)` where the flow starts; `z_context` `(B, units)`."""
        vector = flattened(features)
        return {
            "z0_mean": layers.Dense(self.latent_dim, name="encoder_mu")(vector),
            "z0_log_var": layers.Dense(self.latent_dim, name="encoder_log_variance")(vector),
            "z_context": layers.Dense(self.units, activation="tanh", name="encoder_context")(
                vector
            ),
        }

    def posterior(self, parameters: Mapping[str, Any]) -> FlowPosterior:
        base = distributions.DiagonalNormal(parameters["z0_mean"], parameters["z0_log_var"])
        return FlowPosterior(base, self._flow, parameters["z_context"])

    def point(self, parameters: Mapping[str, Any]) -> Any:
        """Where the flow brings the mean that it starts from."""
        return self._flow(parameters["z0_mean"], parameters["z_context"])[0]

    def draw(self, parameters: Mapping[str, Any]) -> Any:
        start = sampled(
            parameters["z0_mean"], parameters["z0_log_var"], name="encoder_start", prefix="encoder"
        )
        return self._flow(start, parameters["z_context"])[0]


def iaf(
    latent_dim: int,
    *,
    steps: Annotated[int, Ge(0)] = 2,
    units: Annotated[int, Ge(1)] = 32,
) -> vaekit.Latent:
    """A normal posterior that an inverse autoregressive flow reshapes.

    Kingma et al., "Improving Variational Inference with Inverse Autoregressive Flow"
    (arXiv:1606.04934), with gates (algorithm 1). The KL is estimated from the draws. A step has
    about latent_dim^2 x units weights, so it's for some dozens of latents.

    Args:
        steps: how many steps the flow has; 0 is a diagonal normal.
        units: hidden units for each value of z, and values of the context.
    """
    return IAF(latent_dim, steps, units)
