"""Which codes are used, and how evenly."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops


def one_hot(index: Any, size: int) -> Any:
    """Indices `(...)`, int32, as ones and zeros `(..., size)`, float32."""
    return ops.cast(
        ops.equal(ops.expand_dims(index, -1), np.arange(size, dtype="int32")), "float32"
    )


def usage(index: Any, size: int) -> Any:
    """How large a share of an image's positions `(B, P)` has each code, `(B, size)`.

    An index is counted as a row and a column, whose ones take little memory, whatever the size.
    """
    side = math.isqrt(size - 1) + 1
    rows = one_hot(index // side, side)
    counts = ops.matmul(ops.swapaxes(rows, 1, 2), one_hot(index % side, side))
    return ops.reshape(counts, (-1, side * side))[:, :size] / index.shape[1]


def usage_figures(shares: np.ndarray, sizes: Sequence[int]) -> dict[str, float | int]:
    """`perplexity` and `codes_used` of an epoch, from the share of each code `(sum of sizes,)`.

    A perplexity is exp of the entropy of which code it is. Where a vector has several indices, each
    has figures of its own, `perplexity_0` and so on.
    """
    figures: dict[str, float | int] = {}
    for level, level_shares in enumerate(np.split(shares, np.cumsum(sizes)[:-1])):
        suffix = f"_{level}" if len(sizes) > 1 else ""
        used = level_shares[level_shares > 0.0]
        figures[f"perplexity{suffix}"] = float(np.exp(-np.sum(used * np.log(used))))
        figures[f"codes_used{suffix}"] = len(used)
    return figures
