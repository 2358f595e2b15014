"""The latent of a Sylvester flow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import vaekit
from annotated_types import Ge
from keras import layers, ops

from vaekit_flows.amortized import unit_vector, upper_triangle
from vaekit_flows.flow import Flow
from vaekit_flows.flow_latent import FlowLatent


class Reflection:
    """z -> z - 2 v v'z, v being of length 1: a Householder reflection, of stock layers."""

    def __init__(self, name: str) -> None:
        self._along = layers.Dot(1, name=f"{name}_along")
        self._back = layers.Rescaling(-2.0, name=f"{name}_back")
        self._moved = layers.Multiply(name=f"{name}_moved")
        self._sum = layers.Add(name=f"{name}_sum")

    def __call__(self, z: Any, v: Any) -> Any:
        return self._sum([z, self._moved([v, self._back(self._along([v, z]))])])


class SylvesterStep(Flow):
    """z -> z + Q R tanh(S Q'z + b), Q orthogonal, R and S upper triangles.

    van den Berg et al., arXiv:1803.05649, equation 13, with Q of Householder reflections (section
    3.2.2): it is orthogonal to rounding, whatever the weights. It is invertible where R_ii S_ii >
    -1; both diagonals are tanh.
    """

    tells_inverse = False

    def __init__(self, dim: int, reflections: int, name: str) -> None:
        self._dim, self._name = dim, name
        name = f"encoder_{name}"
        self._reflections = [Reflection(f"{name}_reflection{n + 1}") for n in range(reflections)]
        self._s_times = layers.Dot((2, 1), name=f"{name}_s_times")
        self._argument = layers.Add(name=f"{name}_argument")
        self._tanh = layers.Activation("tanh", name=f"{name}_tanh")
        self._r_times = layers.Dot((2, 1), name=f"{name}_r_times")
        self._sum = layers.Add(name=f"{name}_sum")

    def heads(self, vector: Any) -> dict[str, Any]:
        """`r` and `s` `(B, D, D)`, `b` `(B, D)`, and the directions `v1`.. of reflections."""
        name = self._name
        return {
            f"{name}_r": upper_triangle(vector, self._dim, f"encoder_{name}_r"),
            f"{name}_s": upper_triangle(vector, self._dim, f"encoder_{name}_s"),
            f"{name}_b": layers.Dense(self._dim, name=f"encoder_{name}_b")(vector),
            **{v: unit_vector(vector, self._dim, f"encoder_{v}") for v in self._directions},
        }

    @property
    def _directions(self) -> list[str]:
        return [f"{self._name}_v{n + 1}" for n in range(len(self._reflections))]

    def __call__(self, z: Any, parameters: Mapping[str, Any]) -> tuple[Any, Any]:
        r, s, b = (parameters[f"{self._name}_{what}"] for what in ("r", "s", "b"))
        ways = [
            (reflection, parameters[direction])
            for reflection, direction in zip(self._reflections, self._directions, strict=True)
        ]
        turned = z
        for reflection, direction in ways:
            turned = reflection(turned, direction)
        tanh = self._tanh(self._argument([self._s_times([s, turned]), b]))
        moved = self._r_times([r, tanh])
        for reflection, direction in reversed(ways):
            moved = reflection(moved, direction)
        # 1 + tanh' R_ii S_ii, of positive terms alone.
        square = ops.square(tanh)
        widths = ops.add(1.0, ops.multiply(*(ops.diagonal(m, axis1=-2, axis2=-1) for m in (r, s))))
        factors = ops.add(square, ops.multiply(ops.subtract(1.0, square), widths))
        return self._sum([z, moved]), ops.sum(ops.log(factors), axis=-1)


def sylvester(
    latent_dim: int,
    *,
    steps: Annotated[int, Ge(0)] = 2,
    reflections: Annotated[int, Ge(1)] = 4,
) -> vaekit.Latent:
    """A normal posterior that is bent along latent_dim directions at once, which the image tells.

    van den Berg et al., "Sylvester Normalizing Flows for Variational Inference" (arXiv:1803.05649),
    by Householder reflections. The KL is estimated from the draws. The density is known of draws
    alone, so it takes no prior that asks for it elsewhere, as `vamp` does. A step has 2
    latent_dim^2 heads, so it's for some dozens of latents.

    Args:
        steps: how many steps the flow has; 0 is a diagonal normal.
        reflections: Householder reflections that make up the orthogonal matrix of a step.
    """
    return FlowLatent(
        latent_dim, [SylvesterStep(latent_dim, reflections, f"flow{n + 1}") for n in range(steps)]
    )
