"""`torch.compile` whose kernels are launched together, as CUDA graphs."""

from __future__ import annotations

from typing import ClassVar

import torch

from peers import torch_compile
from peers.interface import Refused


class Peer(torch_compile.Peer):
    """Needs a GPU."""

    options: ClassVar[dict[str, str]] = {"mode": "reduce-overhead"}

    @classmethod
    def check(cls, precision: str, backend: str) -> None:
        if not torch.cuda.is_available():
            raise Refused("The peer torch-cuda-graphs needs a GPU, and PyTorch sees none.")
        super().check(precision, backend)

    def before_step(self) -> None:
        torch.compiler.cudagraph_mark_step_begin()
