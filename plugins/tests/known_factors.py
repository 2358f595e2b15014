"""Images of known factors, and models that never were, whose z is what a test says."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import vaekit


class KnownPoints:
    """A trained model as far as it tells z of images: by their factors."""

    def __init__(self, points_of: Callable[[np.ndarray], np.ndarray]) -> None:
        self._points_of = points_of

    def points(self, images: vaekit.Images) -> np.ndarray:
        assert images.factors is not None
        return np.asarray(self._points_of(images.factors), "float32")


def drawn(count: int, sizes: Sequence[int], seed: int = 0) -> np.ndarray:
    """Factors `(count, F)`, each drawn on its own and evenly."""
    return np.random.default_rng(seed).integers(0, sizes, (count, len(sizes)))


def grid(sizes: Sequence[int], times: int = 1) -> np.ndarray:
    """Every combination of factors of these sizes, so many times: they are independent exactly."""
    return np.array(list(itertools.product(*map(range, sizes))) * times)


def measured(
    metric: vaekit.Metric,
    factors: np.ndarray,
    points_of: Callable[[np.ndarray], np.ndarray] = np.asarray,
    names: Mapping[str, int] | None = None,
    seed: int = 0,
) -> Mapping[str, vaekit.Estimate]:
    """What a metric gives of images of these factors; z is a function of them, or else the same."""
    images = vaekit.Images(np.zeros((len(factors), 8, 8, 1), "uint8"), factors=factors)
    model = KnownPoints(points_of)
    return metric(vaekit.Measurement(model, images, lambda: images, factors=names or {}, seed=seed))
