"""The kernel distance: by hand, unbiased, with an error that is its spread."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from vaekit_image_metrics.kernel import kernel, squared_mmd

rng = np.random.default_rng(0)


def test_it_is_the_sum_over_pairs() -> None:
    x, y = rng.normal(size=(5, 3)), rng.normal(size=(4, 3))

    def k(a: np.ndarray, b: np.ndarray) -> float:
        return (a @ b / 3 + 1.0) ** 3

    within = [np.mean([k(a, b) for a, b in itertools.permutations(s, 2)]) for s in (x, y)]
    across = np.mean([k(a, b) for a in x for b in y])
    assert squared_mmd(x, y) == pytest.approx(sum(within) - 2 * across, rel=1e-12)


def test_of_one_law_it_is_zero_on_average() -> None:
    """500 pairs of 8 from N(0, I) in 4 dimensions, with E k(x, x) = 11.5 and E k(x, x') = 1.75.

    The biased estimator has 2 (11.5 - 1.75) / 8 = 2.44 on average.
    """
    values = np.array([squared_mmd(*rng.normal(size=(2, 8, 4))) for _ in range(500)])
    error = values.std() / np.sqrt(len(values))
    assert error < 0.3
    assert abs(values.mean()) < 3 * error
    assert (values < 0).mean() > 0.3


def test_of_two_laws_it_is_what_the_moments_say() -> None:
    """One dimension, N(0, 1) and N(1, 1): E (xx' + 1)^3 = 1 + 3m^2 + 3(m^2 + 1)^2 + (m^3 + 3m)^2.

    That is 4 for m = 0 and 32 for m = 1; across, 1 + 3 E x^2 E y^2 = 7. So 4 + 32 - 14 = 22.
    """
    metric = kernel(subset=1000)
    x, y = rng.normal(size=(8_000, 1)), 1.0 + rng.normal(size=(8_000, 1))
    estimate = metric.compare(x, y, seed=0)["kernel"]
    assert estimate.error < 1.5
    assert abs(estimate.value - 22.0) < 3 * estimate.error


def test_its_error_is_the_spread_of_repeats() -> None:
    metric = kernel(subset=20)
    estimates = [
        metric.compare(rng.normal(size=(200, 4)), 0.5 + rng.normal(size=(200, 4)), seed=0)["kernel"]
        for _ in range(60)
    ]
    spread = np.std([estimate.value for estimate in estimates])
    assert np.mean([estimate.error for estimate in estimates]) == pytest.approx(spread, rel=0.25)
    assert "10 disjoint subsets of 20" in estimates[0].estimator


@pytest.mark.parametrize(("count", "subsets"), [(2, "1 disjoint subsets of 2"), (40, "10 disj")])
def test_few_images_make_small_subsets(count: int, subsets: str) -> None:
    estimate = kernel().compare(*rng.normal(size=(2, count, 3)), seed=0)["kernel"]
    assert subsets in estimate.estimator
    assert (estimate.error is None) == (count == 2)
