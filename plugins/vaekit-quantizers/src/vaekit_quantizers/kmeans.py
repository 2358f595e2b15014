"""k-means, which a codebook may begin with."""

from __future__ import annotations

from typing import Any

from keras import ops

from vaekit_quantizers.usage import one_hot


def k_means(vectors: Any, start: Any, rounds: int) -> tuple[Any, Any]:
    """Means `(K, D)` of clusters of vectors `(N, D)`, and how many vectors each has, `(K,)`.

    Lloyd's algorithm from the means `start`; one that nothing is nearest to stays where it is.
    """
    means = start
    counts = ops.zeros_like(start[:, 0])
    for _ in range(rounds):
        score = 2.0 * ops.matmul(vectors, ops.transpose(means)) - ops.sum(ops.square(means), -1)
        nearest = ops.cast(ops.argmax(score, axis=-1), "int32")
        hits = one_hot(nearest, means.shape[0])
        counts = ops.sum(hits, axis=0)
        sums = ops.matmul(ops.transpose(hits), vectors)
        filled = counts[:, None] > 0.0
        means = ops.where(filled, sums / ops.maximum(counts[:, None], 1.0), means)
    return means, counts
