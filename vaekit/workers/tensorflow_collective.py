"""Sums over workers on TensorFlow, by its collective operations.

A strategy is made for what it sets up, servers that know one another; the collective itself is one
raw operation within the kit's own loop, and Keras knows nothing of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

import tensorflow as tf

from vaekit.errors import UserError
from vaekit.types import Tensor
from vaekit.workers.collective import Collective
from vaekit.workers.environment import Place

_GROUP = 7301  # a key that no group of TensorFlow's own has


class TensorFlowCollective(Collective):
    """Raw collectives of a cluster of workers."""

    def start(self, place: Place, addresses: Sequence[str]) -> None:
        self._size = place.size
        # Each sum of a step has a key of its own: all workers trace the same, in the same order.
        self._keys = count(1)
        try:
            self._strategy = tf.distribute.MultiWorkerMirroredStrategy(
                cluster_resolver=tf.distribute.cluster_resolver.SimpleClusterResolver(
                    tf.train.ClusterSpec({"worker": list(addresses)}),
                    task_type="worker",
                    task_id=place.rank,
                    rpc_layer="grpc",
                )
            )
        except RuntimeError as error:
            raise UserError(
                "TensorFlow can't join other workers in this process, since it has started: start "
                "a new process."
            ) from error

    def sum(self, values: Tensor) -> Tensor:
        @tf.custom_gradient
        def total(values: Any) -> Any:
            return self._sum(values), self._sum

        return total(values)

    def _sum(self, values: Any) -> Any:
        return tf.raw_ops.CollectiveReduceV2(
            input=values,
            group_size=self._size,
            group_key=_GROUP,
            instance_key=next(self._keys),
            ordering_token=[],
            merge_op="Add",
            final_op="Id",
        )
