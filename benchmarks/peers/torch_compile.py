"""PyTorch with the loss compiled by `torch.compile`, forward and backward."""

from __future__ import annotations

from typing import ClassVar

import torch

from peers import torch_eager
from peers.compilers import missing_on_gpu, missing_on_processor
from peers.interface import Refused


class Peer(torch_eager.Peer):
    """The eager loop around a compiled loss."""

    options: ClassVar[dict[str, str]] = {}

    @classmethod
    def check(cls, precision: str, backend: str) -> None:
        super().check(precision, backend)
        missing = missing_on_gpu() if torch.cuda.is_available() else missing_on_processor()
        if missing:
            raise Refused(f"torch.compile needs {missing}, and can't find it.")

    def prepared(self, loss: torch_eager.Loss) -> torch_eager.Loss:
        return torch.compile(loss, **self.options)
