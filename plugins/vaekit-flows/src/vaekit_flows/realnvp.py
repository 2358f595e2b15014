"""The prior of a real-valued non-volume preserving flow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
import vaekit
from annotated_types import Ge
from keras import layers, ops

from vaekit_flows.flow import Chain, Flow
from vaekit_flows.flow_prior import FlowPrior


class AffineCoupling(Flow):
    """Every second value of z is kept, the others scaled and shifted by functions of those.

    z' = b z + (1 - b) (z exp(s(b z)) + t(b z)): Dinh et al., arXiv:1605.08803, equation 9, with s
    the tanh of a network times a learned factor. Both ways are one pass.

    first: which of two neighbours is kept, 0 or 1.
    """

    def __init__(self, dim: int, units: int, first: int, name: str) -> None:
        self._kept = (np.arange(dim) % 2 == first).astype("float32")
        self._hidden = [
            layers.Dense(units, activation="tanh", name=f"{name}_hidden{number}")
            for number in (1, 2)
        ]
        self._shift = layers.Dense(dim, name=f"{name}_shift")
        self._log_scale = layers.Dense(dim, activation="tanh", name=f"{name}_log_scale")
        self._factor = layers.EinsumDense(
            "bd,d->bd", (dim,), kernel_initializer="ones", name=f"{name}_factor"
        )
        for layer, width in zip(
            (*self._hidden, self._shift, self._log_scale, self._factor),
            (dim, units, units, units, dim),
            strict=True,
        ):
            layer.build((None, width))

    def __call__(self, z: Any, parameters: Mapping[str, Any]) -> tuple[Any, Any]:
        log_scale, shift = self._coefficients(z)
        moved = ops.add(ops.multiply(z, ops.exp(log_scale)), shift)
        return moved, ops.sum(log_scale, axis=-1)

    def inverse(self, z: Any, parameters: Mapping[str, Any]) -> tuple[Any, Any]:
        log_scale, shift = self._coefficients(z)
        start = ops.multiply(ops.subtract(z, shift), ops.exp(ops.negative(log_scale)))
        return start, ops.sum(log_scale, axis=-1)

    def _coefficients(self, z: Any) -> tuple[Any, Any]:
        """The logarithm of the scale, and the shift, which are 0 at the values that are kept."""
        hidden = ops.multiply(z, self._kept)
        for layer in self._hidden:
            hidden = layer(hidden)
        moved = 1.0 - self._kept
        log_scale = self._factor(self._log_scale(hidden))
        return ops.multiply(log_scale, moved), ops.multiply(self._shift(hidden), moved)


def realnvp(
    latent_size: int,
    image_shape: tuple[int, int, int],
    *,
    steps: Annotated[int, Ge(1)] = 6,
    units: Annotated[int, Ge(1)] = 64,
) -> vaekit.Prior:
    """A flow of affine couplings, learned with the model: densities and draws in one pass each.

    Dinh et al., "Density Estimation using Real NVP" (arXiv:1605.08803), on vectors; without batch
    norm. It's for latents of two values at least. With a condition, each class has a normal of its
    own before the flow.

    Args:
        steps: how many couplings, which keep the odd and the even values in turn.
        units: hidden units of each of a coupling's two layers.
    """
    couplings = [
        AffineCoupling(latent_size, units, number % 2, f"prior_flow{number}")
        for number in range(1, steps + 1)
    ]
    return FlowPrior(latent_size, Chain(couplings))
