"""Sums over workers on JAX: one program over all processes, each with a device of its own.

A step is mapped over the workers (`jax.shard_map`): each has the whole state and its share of the
batch, and within the step a sum over the axis of workers is a collective of XLA's.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from vaekit.errors import UserError
from vaekit.startup.quiet import stdout_unsaid
from vaekit.types import Tensor
from vaekit.workers.collective import Collective
from vaekit.workers.environment import Place

_AXIS = "workers"
# After so many seconds without a sign of life of one worker, the others end.
_HEARTBEAT = 30


class JaxCollective(Collective):
    """A mesh of one axis, the workers."""

    def start(self, place: Place, addresses: Sequence[str]) -> None:
        try:
            jax.distributed.initialize(
                addresses[0],
                place.size,
                place.rank,
                local_device_ids=self._own_device(place),
                cluster_detection_method="deactivate",
                heartbeat_timeout_seconds=_HEARTBEAT,
            )
        except RuntimeError as error:
            raise UserError(
                f"JAX can't join other workers in this process: {error} Start a new process."
            ) from error
        self.size = place.size
        self._first_sum()

    def sum(self, values: Tensor) -> Tensor:
        return _sum(values)

    def mapped(self, step: Callable[..., Any], shared: Sequence[int | None]) -> Callable[..., Any]:
        """`step`, not yet compiled, over all workers; what it gives is the same on each.

        shared: of each argument, the axis along which each worker has a share of it; None for an
            argument that all have whole.
        """
        return jax.shard_map(
            step,
            mesh=self._mesh,
            in_specs=tuple(self._spec(axis) for axis in shared),
            out_specs=PartitionSpec(),
            check_vma=False,  # it can't see through a step that all results are sums or the same
        )

    def spread(self, arrays: Any, axis: int | None = None) -> Any:
        """Arrays of this worker as its part of those of all."""
        sharding = NamedSharding(self._mesh, self._spec(axis))
        (device,) = self._mesh.local_devices

        def one(part: Any) -> Any:
            part = jax.device_put(part, device)
            shape = list(part.shape)
            if axis is not None:
                shape[axis] *= self.size
            return jax.make_array_from_single_device_arrays(tuple(shape), sharding, [part])

        return jax.tree.map(one, arrays)

    def own(self, arrays: Any) -> Any:
        """This worker's copy of arrays that all have whole."""
        return jax.tree.map(lambda part: part.addressable_data(0), arrays)

    @staticmethod
    def _spec(axis: int | None) -> PartitionSpec:
        return PartitionSpec() if axis is None else PartitionSpec(*[None] * axis, _AXIS)

    def _first_sum(self) -> None:
        """Connect the workers: gloo says so on standard output, which is for other things."""
        with stdout_unsaid():
            run = jax.jit(self.mapped(_sum, (None,)))
            jax.block_until_ready(run(self.spread(np.ones(1, "float32"))))

    @cached_property
    def _mesh(self) -> Mesh:
        first = {device.process_index: device for device in reversed(jax.devices())}
        return Mesh([first[rank] for rank in range(self.size)], _AXIS)

    @staticmethod
    def _own_device(place: Place) -> list[int] | None:
        """Of several GPUs that this process sees, the one that is its own."""
        visible = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name]
        return [place.local_rank] if place.local_rank and len(visible) != 1 else None


@jax.custom_vjp
def _sum(values: Any) -> Any:
    return jax.lax.psum(values, _AXIS)


_sum.defvjp(
    lambda values: (jax.lax.psum(values, _AXIS), None),
    lambda _, upstream: (jax.lax.psum(upstream, _AXIS),),
)
