"""`torch.compile` that tries several kernels for each operation, and takes the fastest."""

from __future__ import annotations

from typing import ClassVar

from peers import torch_compile


class Peer(torch_compile.Peer):
    """Without CUDA graphs, which have a peer of their own."""

    options: ClassVar[dict[str, str]] = {"mode": "max-autotune-no-cudagraphs"}
