"""Sums over workers on PyTorch: gloo on processors, NCCL on GPUs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as distributed

from vaekit.types import Tensor
from vaekit.workers.collective import Collective
from vaekit.workers.environment import Place

# Beyond any validation or any picture that the others wait for.
_WAIT = timedelta(hours=24)


class TorchCollective(Collective):
    """A process group of torch's."""

    def start(self, place: Place, addresses: Sequence[str]) -> None:
        backend = "gloo"
        if torch.cuda.is_available():
            backend = "nccl"
            torch.cuda.set_device(place.local_rank % torch.cuda.device_count())
        host, _, port = addresses[0].rpartition(":")
        store = distributed.TCPStore(
            host.strip("[]"), int(port), place.size, is_master=place.rank == 0
        )
        distributed.init_process_group(
            backend, store=store, rank=place.rank, world_size=place.size, timeout=_WAIT
        )

    def sum(self, values: Tensor) -> Tensor:
        return _Sum.apply(values)


class _Sum(torch.autograd.Function):  # type: ignore[misc]  # untyped here
    @staticmethod
    def forward(ctx: Any, values: Any) -> Any:
        total = values.detach().clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, upstream: Any) -> Any:
        total = upstream.contiguous().clone()
        distributed.all_reduce(total)
        return total
