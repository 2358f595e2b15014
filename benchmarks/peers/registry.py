"""The peers by name."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """Where a peer is, what it is, and what must be importable for it."""

    module: str
    title: str
    needs: tuple[str, ...]


KIT = "vaekit"

PEERS = {
    KIT: Entry("kit", "vaekit", ("vaekit", "keras")),
    "tutorial": Entry("tutorial", "the repaired tutorial, Keras fit", ("keras",)),
    "keras-io": Entry("keras_io", "keras.io's custom train_step", ("keras", "tensorflow")),
    "pythae": Entry("pythae_trainer", "pythae's trainer", ("torch", "pythae")),
    "torch-eager": Entry("torch_eager", "PyTorch eager, channels-last", ("torch",)),
    "torch-compile": Entry("torch_compile", "torch.compile, channels-last", ("torch",)),
    "torch-max-autotune": Entry(
        "torch_max_autotune", "torch.compile, max-autotune, channels-last", ("torch",)
    ),
    "torch-cuda-graphs": Entry(
        "torch_cuda_graphs", "torch.compile with CUDA graphs, channels-last", ("torch",)
    ),
    "jax-scan": Entry("jax_scan", "plain JAX, lax.scan", ("jax",)),
}
