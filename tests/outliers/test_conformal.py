"""The guarantee itself, of scores that are made up."""

from __future__ import annotations

import numpy as np
import pytest

from vaekit.errors import OptionError, UserError
from vaekit.outliers import (
    fewest_images,
    p_values,
    refuse_too_few,
    spread_of_false_alarms,
    threshold,
)

pytestmark = pytest.mark.quick


def brute_force(calibration: np.ndarray, score: float) -> float:
    return (1 + sum(1 for c in calibration if c >= score)) / (len(calibration) + 1)


@pytest.mark.parametrize("levels", [None, 7])  # without ties, and with many
def test_p_values_are_the_ranks_of_scores(levels: int | None) -> None:
    rng = np.random.default_rng(0)
    calibration, new = rng.normal(size=57), rng.normal(size=40)
    if levels:
        calibration, new = np.round(calibration * levels / 6), np.round(new * levels / 6)
    expected = [brute_force(calibration, score) for score in new]
    np.testing.assert_array_equal(p_values(calibration, new), expected)


@pytest.mark.parametrize("levels", [None, 25])
def test_false_alarms_are_at_most_alpha_over_random_splits(levels: int | None) -> None:
    """Of 8,000 splits, with the standard error that a share of so many has."""
    rng = np.random.default_rng(1)
    scores = rng.standard_cauchy((8_000, 200))
    if levels:
        scores = np.clip(np.round(scores), -levels, levels)
    for alpha in (0.01, 0.05, 0.2):
        alarms = np.mean([p_values(s[:-1], s[-1:])[0] <= alpha for s in scores])
        error = np.sqrt(alpha * (1 - alpha) / len(scores))
        assert alarms <= alpha + 4 * error
        if levels is None:  # and no fewer: 200 is a multiple of 1 / alpha
            assert alarms >= alpha - 4 * error


@pytest.mark.parametrize("count", [19, 20, 57, 99, 100, 101, 1000])
@pytest.mark.parametrize("alpha", [0.07, 0.1, 0.29, 0.3, 0.5])
def test_the_threshold_tells_outliers_as_p_values_do(count: int, alpha: float) -> None:
    rng = np.random.default_rng(count)
    calibration = np.round(rng.normal(size=count), 1)
    new = np.concatenate([calibration, calibration + 0.05, rng.normal(size=50), [-99.0, 99.0]])
    outlier = p_values(calibration, new) <= alpha
    np.testing.assert_array_equal(outlier, new > threshold(calibration, alpha))
    assert outlier[-1]
    assert not outlier[-2]


def test_a_score_that_is_not_finite_is_the_strangest() -> None:
    values = p_values(np.arange(9.0), np.array([np.nan, np.inf, -np.inf]))
    np.testing.assert_array_equal(values, [0.1, 0.1, 0.1])


@pytest.mark.parametrize("alpha", [0.5, 0.3, 0.1, 0.07, 0.05, 0.01, 0.003, 1e-4])
def test_the_fewest_images_are_those_with_which_something_can_be_an_outlier(alpha: float) -> None:
    n = fewest_images(alpha)
    refuse_too_few(n, alpha)
    assert p_values(np.zeros(n), np.ones(1))[0] <= alpha
    assert n == 1 or p_values(np.zeros(n - 1), np.ones(1))[0] > alpha
    if n > 1:
        with pytest.raises(UserError, match=f"at least {n:,}"):
            threshold(np.zeros(n - 1), alpha)


@pytest.mark.parametrize("alpha", [0.0, 1.0, -1.0, float("nan"), float("inf")])
def test_alpha_is_a_share(alpha: float) -> None:
    with pytest.raises(OptionError, match="share between 0 and 1"):
        threshold(np.zeros(99), alpha)


def test_the_spread_of_false_alarms_is_that_of_many_calibrations() -> None:
    rng = np.random.default_rng(2)
    shares = [1 - threshold(rng.random(199), 0.05) for _ in range(4000)]  # of uniform scores
    mean, deviation = spread_of_false_alarms(199, 0.05)
    assert np.mean(shares) == pytest.approx(mean, abs=4 * deviation / np.sqrt(4000))
    assert np.std(shares) == pytest.approx(deviation, rel=0.06)
