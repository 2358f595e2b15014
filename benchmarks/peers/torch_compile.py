"""PyTorch with the loss compiled by `torch.compile`, forward and backward."""

from __future__ import annotations

import shutil
from typing import ClassVar

import torch

from peers import torch_eager
from peers.interface import Job, Refused


class Peer(torch_eager.Peer):
    """The eager loop around a compiled loss."""

    options: ClassVar[dict[str, str]] = {}

    def __init__(self, job: Job) -> None:
        if not torch.cuda.is_available() and not any(map(shutil.which, ("g++", "clang++"))):
            raise Refused("torch.compile needs a C++ compiler on a processor, and there is none.")
        super().__init__(job)

    def prepared(self, loss: torch_eager.Loss) -> torch_eager.Loss:
        return torch.compile(loss, **self.options)
