"""Autoregressive steps: each value of z is scaled and shifted by a function of those before it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from keras import layers, ops

from vaekit_flows.flow import Flow


class AutoregressiveNet:
    """Two outputs for each value z_d, functions of z_1 .. z_{d-1} and of a context.

    Each d has a small network of its own, all of which are computed at once; a fixed mask hides
    from each what it may not see. That is about D^2 x units weights.
    """

    def __init__(self, dim: int, units: int, name: str) -> None:
        self._mask = layers.EinsumDense(
            "bi,di->bdi", (dim, dim), trainable=False, name=f"{name}_mask"
        )
        self._hidden = layers.EinsumDense(
            "bdi,diu->bdu", (dim, units), bias_axes="du", name=f"{name}_hidden"
        )
        self._repeat = layers.RepeatVector(dim, name=f"{name}_contexts")
        self._join = layers.Add(name=f"{name}_joined")
        self._tanh = layers.Activation("tanh", name=f"{name}_tanh")
        self._outputs = [
            layers.EinsumDense("bdu,du->bd", (dim,), bias_axes="d", name=f"{name}_{what}")
            for what in ("shift", "scale")
        ]
        self._mask.build((None, dim))
        self._mask.kernel.assign(np.tri(dim, k=-1, dtype="float32"))
        for layer, width in ((self._hidden, dim), *((output, units) for output in self._outputs)):
            layer.build((None, dim, width))

    def __call__(self, z: Any, context: Any = None) -> list[Any]:
        """Both outputs, `(N, D)` each, of z `(N, D)`; a context `(N, units)` joins hidden units."""
        hidden = self._hidden(self._mask(z))
        if context is not None:
            hidden = self._join([hidden, self._repeat(context)])
        hidden = self._tanh(hidden)
        return [output(hidden) for output in self._outputs]


class Coefficients(NamedTuple):
    """Of z -> scale z + shift, `(N, D)` each, and the logarithm of the scale, which is positive."""

    scale: Any
    shift: Any
    log_scale: Any


class AutoregressiveStep(Flow):
    """z_d -> a_d z_d + c_d, a_d and c_d being functions of z_1 .. z_{d-1}.

    The Jacobian is a lower triangle with the scales a_d on its diagonal.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._scaled = layers.Multiply(name=f"{name}_scaled")
        self._shifted = layers.Add(name=f"{name}_shifted")

    @abstractmethod
    def coefficients(self, z: Any, parameters: Mapping[str, Any]) -> Coefficients:
        """Those of each value, of all of z `(N, D)`, from stock layers."""

    def __call__(self, z: Any, parameters: Mapping[str, Any]) -> tuple[Any, Any]:
        scale, shift, log_scale = self.coefficients(z, parameters)
        return self._shifted([self._scaled([scale, z]), shift]), ops.sum(log_scale, axis=-1)

    def inverse(self, z: Any, parameters: Mapping[str, Any]) -> tuple[Any, Any]:
        """In D rounds, each of which sets right at least one more value, in their order."""
        start = z
        for _ in range(z.shape[-1]):
            scale, shift, log_scale = self.coefficients(start, parameters)
            start = (z - shift) / scale
        # Those of the last round go by all values but the last one, on which none depends.
        return start, ops.sum(log_scale, axis=-1)
