"""The latent of an inverse autoregressive flow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import vaekit
from annotated_types import Ge
from keras import layers, ops

from vaekit_flows.autoregressive import AutoregressiveNet, AutoregressiveStep, Coefficients
from vaekit_flows.flow import Flow, Reversal
from vaekit_flows.flow_latent import FlowLatent

# What is added to the logit of a gate, so that a flow begins near the identity, as Kingma et al.
# advise.
_OPEN = 2.0


class GatedStep(AutoregressiveStep):
    """z_d -> g_d z_d + (1 - g_d) m_d, gate and m_d being functions of z_1 .. z_{d-1} and the image.

    Kingma et al., arXiv:1606.04934, algorithm 1.
    """

    def __init__(self, dim: int, units: int, name: str) -> None:
        super().__init__(f"encoder_{name}")
        self._units, self._context = units, f"{name}_context"
        self._net = AutoregressiveNet(dim, units, self.name)
        self._open = layers.Rescaling(1.0, _OPEN, name=f"{self.name}_open")
        self._gate = layers.Activation("sigmoid", name=f"{self.name}_gate")
        self._closed = layers.Rescaling(-1.0, 1.0, name=f"{self.name}_closed")
        self._moved = layers.Multiply(name=f"{self.name}_moved")

    def heads(self, vector: Any) -> dict[str, Any]:
        """What the image adds to the hidden units, `(B, units)`."""
        return {self._context: layers.Dense(self._units, name=f"{self.name}_context")(vector)}

    def coefficients(self, z: Any, parameters: Mapping[str, Any]) -> Coefficients:
        mean, logit = self._net(z, parameters[self._context])
        logit = self._open(logit)
        gate = self._gate(logit)
        shift = self._moved([self._closed(gate), mean])
        return Coefficients(gate, shift, ops.negative(ops.softplus(ops.negative(logit))))


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
        units: hidden units for each value of z.
    """
    flows: list[Flow] = []
    for number in range(1, steps + 1):
        flows.append(GatedStep(latent_dim, units, f"flow{number}"))
        flows.append(Reversal(latent_dim, f"encoder_turn{number}"))
    return FlowLatent(latent_dim, flows)
