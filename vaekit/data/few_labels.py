"""The few images whose labels are used, where most train as unlabelled."""

from __future__ import annotations

import numpy as np

UNLABELLED = -1
_STREAM = 0xFE3_1ABE1  # sets this draw apart from others that are keyed by the same seed


def with_few_labels(labels: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Labels `(N,)` of which all but a `share` are -1, each class keeping as many as any other.

    Which ones is a function of the labels, the share and the seed alone. A class that has too few
    keeps all, and leaves the rest to the others; each keeps one at least.

    share: above 0, at most 1.
    """
    bits = np.random.Philox(key=np.array([_STREAM, seed % 2**64], np.uint64))
    order = np.random.Generator(bits).permutation(len(labels))
    classes, of_class, sizes = np.unique(labels[order], return_inverse=True, return_counts=True)
    # How many of its own class come before each image: the turn in which it would be taken.
    turns = np.empty(len(labels), np.int64)
    turns[np.argsort(of_class, kind="stable")] = np.concatenate([np.arange(n) for n in sizes])
    count = max(round(share * len(labels)), len(classes))
    taken = order[np.lexsort((np.arange(len(labels)), turns))[:count]]
    few = np.full_like(labels, UNLABELLED)
    few[taken] = labels[taken]
    return few
