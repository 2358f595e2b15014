"""The kernel distance of two sets of images: an unbiased squared maximum mean discrepancy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import vaekit
from annotated_types import Ge
from sklearn.metrics.pairwise import polynomial_kernel

from vaekit_image_metrics.feature_metric import FeatureMetric
from vaekit_image_metrics.image_sets import Of

# Fewer values tell little of their own spread.
_SUBSETS = 10
_FEWEST_OF_A_SUBSET = 2  # what the estimator takes pairs of


def squared_mmd(x: np.ndarray, y: np.ndarray) -> float:
    """The unbiased MMD^2 of samples `(N, F)` and `(M, F)` by the kernel (x.y / F + 1)^3.

    Gretton et al. (JMLR 13, 2012), lemma 6: no image is held against itself within a set, so that
    of equal laws it is 0 on average, and below 0 as often as above. The kernel is that of
    Binkowski et al. (arXiv:1801.01401), section 4.
    """
    within_x, within_y = (_mean_off_diagonal(polynomial_kernel(s, degree=3)) for s in (x, y))
    return float(within_x + within_y - 2.0 * polynomial_kernel(x, y, degree=3).mean())


def _mean_off_diagonal(values: np.ndarray) -> float:
    count = len(values)
    return float((values.sum() - np.trace(values)) / (count * (count - 1)))


class KernelDistance(FeatureMetric):
    """See `kernel`."""

    def __init__(self, features: str, of: Of, count: int | None, subset: int) -> None:
        super().__init__(features, of, count, fewest=_FEWEST_OF_A_SUBSET)
        self._subset = subset

    def compare(
        self, real: np.ndarray, made: np.ndarray, seed: int
    ) -> Mapping[str, vaekit.Estimate]:
        fewest = min(len(real), len(made))
        size = min(self._subset, max(_FEWEST_OF_A_SUBSET, fewest // _SUBSETS))
        rng = np.random.default_rng(seed)
        real, made = rng.permutation(real), rng.permutation(made)
        starts = range(0, fewest - size + 1, size)
        values = [squared_mmd(real[n : n + size], made[n : n + size]) for n in starts]
        return {
            "kernel": vaekit.Estimate.mean(
                np.array(values),
                better="lower",
                estimator=f"unbiased MMD^2, kernel (x.y/{real.shape[1]} + 1)^3, mean of "
                f"{len(values)} disjoint subsets of {size}",
            )
        }


def kernel(
    *,
    features: str = "classifier",
    of: Of = "samples",
    count: Annotated[int, Ge(1)] | None = None,
    subset: Annotated[int, Ge(2)] = 1000,
) -> vaekit.Metric:
    """The kernel distance of samples, or of reconstructions, from held-out images.

    The unbiased MMD^2 of a network's features, by the kernel (x.y / F + 1)^3: Binkowski et al.
    (arXiv:1801.01401), section 4. It is called `kid` of Keras's InceptionV3 alone, and else after
    the network: `kernel_classifier`. Of equal laws it is 0 on average, and may be below. It is the
    mean over disjoint subsets, whose spread gives the standard error.

    Args:
        features: classifier (of the training images' labels), inception, efficientnet-lite0, or the
            .keras or .h5 file of a model of images in [0, 1].
        of: samples, or reconstructions of the images.
        count: how many of them; none for as many as there are images.
        subset: images of a subset at most; fewer where there would be under ten subsets.
    """
    return KernelDistance(features, of, count, subset)
