"""The latent of a planar flow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import vaekit
from annotated_types import Ge
from keras import layers, ops

from vaekit_flows.amortized import unit_vector
from vaekit_flows.flow import Flow
from vaekit_flows.flow_latent import FlowLatent


class PlanarStep(Flow):
    """z -> z + u tanh(w'z + b): Rezende and Mohamed, arXiv:1505.05770, equation 10.

    It is invertible where w'u >= -1, which holds by their appendix A.1: u along w is changed so
    that w'u becomes log(1 + exp(w'u)) - 1. Of w the image gives direction and log-length, since no
    stock layer divides by a length.
    """

    tells_inverse = False

    def __init__(self, dim: int, name: str) -> None:
        self._dim, self._name = dim, name
        name = f"encoder_{name}"
        self._length = layers.Activation("exponential", name=f"{name}_length")
        self._shortening = layers.Rescaling(-1.0, name=f"{name}_shortening")
        self._one_over_length = layers.Activation("exponential", name=f"{name}_one_over_length")
        self._w = layers.Multiply(name=f"{name}_w")
        self._wu = layers.Dot(1, name=f"{name}_wu")
        self._against = layers.Rescaling(-1.0, name=f"{name}_against")
        self._softplus = layers.Activation("softplus", name=f"{name}_softplus")
        self._lacking = layers.Rescaling(1.0, -1.0, name=f"{name}_lacking")
        self._along = layers.Multiply(name=f"{name}_along")
        self._u = layers.Add(name=f"{name}_constrained_u")
        self._wz = layers.Dot(1, name=f"{name}_wz")
        self._argument = layers.Add(name=f"{name}_argument")
        self._tanh = layers.Activation("tanh", name=f"{name}_tanh")
        self._moved = layers.Multiply(name=f"{name}_moved")
        self._sum = layers.Add(name=f"{name}_sum")

    def heads(self, vector: Any) -> dict[str, Any]:
        """`direction` and `u`, before its constraint, `(B, D)`; `log_length` and `b` `(B, 1)`."""
        name, dim = self._name, self._dim
        return {
            f"{name}_direction": unit_vector(vector, dim, f"encoder_{name}_direction"),
            **{
                f"{name}_{what}": layers.Dense(size, name=f"encoder_{name}_{what}")(vector)
                for what, size in (("log_length", 1), ("u", dim), ("b", 1))
            },
        }

    def constrained(self, parameters: Mapping[str, Any]) -> tuple[Any, Any, Any]:
        """w and u `(N, D)` as the step takes them, and 1 + w'u `(N, 1)`, which is positive."""
        direction, log_length, u = (
            parameters[f"{self._name}_{what}"] for what in ("direction", "log_length", "u")
        )
        w = self._w([direction, self._length(log_length)])
        wu = self._wu([w, u])
        # softplus(wu) - 1 - wu, without the difference of large numbers.
        lacking = self._lacking(self._softplus(self._against(wu)))
        one_over_length = self._one_over_length(self._shortening(log_length))
        return (
            w,
            self._u([u, self._along([lacking, one_over_length, direction])]),
            ops.softplus(wu),
        )

    def __call__(self, z: Any, parameters: Mapping[str, Any]) -> tuple[Any, Any]:
        w, u, one_plus_wu = self.constrained(parameters)
        tanh = self._tanh(self._argument([self._wz([w, z]), parameters[f"{self._name}_b"]]))
        # 1 + tanh' w'u, of positive terms alone.
        square = ops.square(tanh)
        determinant = ops.add(square, ops.multiply(ops.subtract(1.0, square), one_plus_wu))
        return self._sum([z, self._moved([u, tanh])]), ops.log(determinant)[:, 0]


def planar(latent_dim: int, *, steps: Annotated[int, Ge(0)] = 4) -> vaekit.Latent:
    """A normal posterior that is pressed and stretched along planes, whose places the image tells.

    Rezende and Mohamed, "Variational Inference with Normalizing Flows" (arXiv:1505.05770). The KL
    is estimated from the draws. The density is known of draws alone, so it takes no prior that
    asks for it elsewhere, as `vamp` does.

    Args:
        steps: how many planes; 0 is a diagonal normal.
    """
    return FlowLatent(latent_dim, [PlanarStep(latent_dim, f"flow{n + 1}") for n in range(steps)])
