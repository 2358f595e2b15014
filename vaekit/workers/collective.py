"""The sum of a tensor over all workers, by the backend's own means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from vaekit.types import Tensor
from vaekit.workers.environment import Place


class Collective(Protocol):
    """One backend's."""

    def start(self, place: Place, addresses: Sequence[str]) -> None:
        """Make the workers one; each has a free port of its machine, by rank, `host:port`.

        Raises `UserError` if the backend has started, where it must not have.
        """

    def sum(self, values: Tensor) -> Tensor:
        """The sum over workers of a float32 tensor, the same to the bit on each.

        For gradients, its own gradient is the sum of what comes down on each worker: then a sum of
        all workers' losses is what is gone down.
        """


def collective_of(backend: str) -> Collective:
    """The collective of a backend; no other backend is imported."""
    match backend:
        case "torch":
            from vaekit.workers.torch_collective import TorchCollective

            return TorchCollective()
        case "jax":
            from vaekit.workers.jax_collective import JaxCollective

            return JaxCollective()
        case "tensorflow":
            from vaekit.workers.tensorflow_collective import TensorFlowCollective

            return TensorFlowCollective()
        case other:
            raise NotImplementedError(f"There are no workers on Keras's backend {other}.")
