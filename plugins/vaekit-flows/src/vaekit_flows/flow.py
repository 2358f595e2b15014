"""What a flow is, and flows of flows: invertible maps of z whose Jacobian is known."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from keras import layers, ops


class Flow(ABC):
    """z -> f(z) of rows `(N, D)`, invertible whatever its weights and parameters are.

    f(z) is made on symbolic tensors too, by stock layers where a latent saves it. Log-determinants,
    which no saved model has, are of operations.

    tells_inverse: whether it has an `inverse`.
    """

    tells_inverse: bool = True

    def heads(self, vector: Any) -> dict[str, Any]:
        """The parameters that it takes of each image, by name, from features `(B, F)`."""
        return {}

    @abstractmethod
    def __call__(self, z: Any, parameters: Mapping[str, Any]) -> tuple[Any, Any]:
        """f(z), and log |det df/dz| at z, `(N,)`, in nats."""

    def inverse(self, z: Any, parameters: Mapping[str, Any]) -> tuple[Any, Any]:
        """The start that f brings to z, and log |det df/dz| at that start."""
        raise NotImplementedError(f"{type(self).__name__} has no inverse in closed form.")


class Chain(Flow):
    """Flows one after another; of none, the identity."""

    def __init__(self, flows: Sequence[Flow]) -> None:
        self._flows = list(flows)
        self.tells_inverse = all(flow.tells_inverse for flow in flows)

    def heads(self, vector: Any) -> dict[str, Any]:
        return {name: head for flow in self._flows for name, head in flow.heads(vector).items()}

    def __call__(self, z: Any, parameters: Mapping[str, Any]) -> tuple[Any, Any]:
        log_det = ops.zeros_like(z[:, 0])
        for flow in self._flows:
            z, step = flow(z, parameters)
            log_det = ops.add(log_det, step)
        return z, log_det

    def inverse(self, z: Any, parameters: Mapping[str, Any]) -> tuple[Any, Any]:
        log_det = ops.zeros_like(z[:, 0])
        for flow in reversed(self._flows):
            z, step = flow.inverse(z, parameters)
            log_det = ops.add(log_det, step)
        return z, log_det


class Inverse(Flow):
    """The other way through a flow."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow

    def __call__(self, z: Any, parameters: Mapping[str, Any]) -> tuple[Any, Any]:
        start, log_det = self._flow.inverse(z, parameters)
        return start, ops.negative(log_det)

    def inverse(self, z: Any, parameters: Mapping[str, Any]) -> tuple[Any, Any]:
        end, log_det = self._flow(z, parameters)
        return end, ops.negative(log_det)


class Reversal(Flow):
    """The values of z in the opposite order: the next flow sees last what came first."""

    def __init__(self, dim: int, name: str) -> None:
        self._turn = layers.Dense(dim, use_bias=False, trainable=False, name=name)
        self._turn.build((None, dim))
        self._turn.kernel.assign(np.eye(dim, dtype="float32")[::-1])

    def __call__(self, z: Any, parameters: Mapping[str, Any]) -> tuple[Any, Any]:
        return self._turn(z), ops.zeros_like(z[:, 0])

    inverse = __call__
