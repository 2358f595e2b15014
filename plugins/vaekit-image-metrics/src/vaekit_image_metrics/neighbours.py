"""Distances between features, and how far each one's k-th neighbour is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.spatial.distance import cdist

_ROWS = 512


def squared_distances(points: np.ndarray, others: np.ndarray) -> Iterator[np.ndarray]:
    """The squared distances of points `(N, F)` to others `(M, F)`, some rows of `(N, M)` at a time.

    By differences, not by |x|^2 - 2 x.y + |y|^2, so that equal points are at 0 and a distance is
    the same to the bit wherever it is held against another.
    """
    for start in range(0, len(points), _ROWS):
        yield cdist(points[start : start + _ROWS], others, "sqeuclidean")


def squared_radii(points: np.ndarray, neighbours: int) -> np.ndarray:
    """The squared distance of each of the points `(N, F)` to its k-th nearest other, `(N,)`."""
    return np.concatenate(
        [
            # Its own is the nearest of all.
            np.partition(rows, neighbours, axis=1)[:, neighbours]
            for rows in squared_distances(points, points)
        ]
    )
