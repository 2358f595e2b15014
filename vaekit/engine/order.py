"""In which order an epoch visits the images: a pure function of (seed, epoch)."""

from __future__ import annotations

import numpy as np


def epoch_order(seed: int, epoch: int, count: int) -> np.ndarray:
    """A permutation of `count` image indices, int32; epochs count from 0."""
    generator = np.random.Generator(np.random.Philox(key=[seed, epoch]))
    # As `permutation(count)`, in a third of the memory.
    order = np.arange(count, dtype=np.int32)
    generator.shuffle(order)
    return order


def batches(order: np.ndarray, batch_size: int) -> list[np.ndarray]:
    """Batches of indices in two blocks: the full ones `(S, batch_size)`, and a last `(1, rest)`.

    A block may be missing, never empty.
    """
    full = len(order) // batch_size
    blocks = [order[: full * batch_size].reshape(full, batch_size)] if full else []
    rest = order[full * batch_size :]
    return [*blocks, rest[None]] if len(rest) else blocks
