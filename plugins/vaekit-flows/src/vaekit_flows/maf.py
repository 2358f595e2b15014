"""The prior of a masked autoregressive flow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import vaekit
from annotated_types import Ge
from keras import layers, ops

from vaekit_flows.autoregressive import AutoregressiveNet, AutoregressiveStep, Coefficients
from vaekit_flows.flow import Chain, Flow, Inverse, Reversal
from vaekit_flows.flow_prior import FlowPrior


class NormalizingStep(AutoregressiveStep):
    """z_d -> (z_d - m_d) exp(-s_d), mean and log-deviation being functions of z_1 .. z_{d-1}.

    Papamakarios et al., arXiv:1705.07057, equation 4.
    """

    def __init__(self, dim: int, units: int, name: str) -> None:
        super().__init__(name)
        self._net = AutoregressiveNet(dim, units, name)
        self._exponential = layers.Activation("exponential", name=f"{name}_exponential")

    def coefficients(self, z: Any, parameters: Mapping[str, Any]) -> Coefficients:
        mean, log_deviation = self._net(z)
        log_scale = ops.negative(log_deviation)
        scale = self._exponential(log_scale)
        return Coefficients(scale, ops.negative(ops.multiply(mean, scale)), log_scale)


def maf(
    latent_size: int,
    image_shape: tuple[int, int, int],
    *,
    steps: Annotated[int, Ge(1)] = 3,
    units: Annotated[int, Ge(1)] = 32,
) -> vaekit.Prior:
    """A masked autoregressive flow, learned with the model: exact densities in one pass.

    Papamakarios et al., "Masked Autoregressive Flow for Density Estimation" (arXiv:1705.07057);
    without batch norm, since the posterior's draws are near N(0, I) as they are. The order of z's
    values turns round after each step. A draw takes latent_size passes a step, so it's for some
    dozens of values; `realnvp` draws in one. With a condition, each class has a normal of its own
    before the flow.

    Args:
        steps: how many steps the flow has.
        units: hidden units for each value of z.
    """
    flows: list[Flow] = []
    for number in range(1, steps + 1):
        flows.append(NormalizingStep(latent_size, units, f"prior_flow{number}"))
        flows.append(Reversal(latent_size, f"prior_turn{number}"))
    return FlowPrior(latent_size, Inverse(Chain(flows)))
