"""The standard error of a number that is no mean."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

_GROUPS = 10


def jackknife_error(score: Callable[[np.ndarray], float], count: int, seed: int) -> float:
    """The standard error of a score of `count` images, by the delete-a-group jackknife.

    Images are drawn into ten groups; the error is sqrt(9/10 sum_g (s_g - mean s)^2), s_g being the
    score without group g (Kott 2001, "The delete-a-group jackknife").

    score: gives that of the images of these numbers.
    """
    order = np.random.default_rng(seed).permutation(count)
    scores = np.array([score(np.delete(order, np.s_[group::_GROUPS])) for group in range(_GROUPS)])
    return float(np.sqrt((_GROUPS - 1) * scores.var()))
