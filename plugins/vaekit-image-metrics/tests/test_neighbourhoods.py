"""Precision, recall, density and coverage: by hand, at their ends, of duplicates and few images."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import vaekit
from vaekit_image_metrics.density_coverage import density_coverage, expected_coverage
from vaekit_image_metrics.precision_recall import in_manifold, precision_recall

rng = np.random.default_rng(0)


def figures(real: np.ndarray, made: np.ndarray, neighbours: int = 3) -> dict[str, float]:
    estimates = {
        **precision_recall(neighbours=neighbours).compare(real, made, seed=0),
        **density_coverage(neighbours=neighbours).compare(real, made, seed=0),
    }
    return {name: estimate.value for name, estimate in estimates.items()}


def test_points_on_a_line_by_hand() -> None:
    """Images at 0, 1, 3, 7, k = 1: balls of 1, 1, 2, 4; samples at 0.5, 5, 20, of 4.5, 4.5, 15."""
    real, made = (np.array(s, float)[:, None] for s in ([0, 1, 3, 7], [0.5, 5, 20]))
    got = figures(real, made, neighbours=1)
    assert got["precision"] == pytest.approx(2 / 3)
    assert got["recall"] == 1.0  # 0, 1 and 3 are within 4.5 of 0.5, and 7 of 5
    # 0.5 is in the balls of 0 and 1; 5 in that of 7, and on the edge of that of 3.
    assert got["density"] == pytest.approx((2 + 1 + 0) / 3)
    assert got["coverage"] == 1.0


def test_a_set_against_itself_has_one_of_each() -> None:
    features = rng.normal(size=(80, 5))
    ones = dict.fromkeys(("precision", "recall", "density", "coverage"), 1.0)
    assert figures(features, features) == ones


def test_sets_that_share_nothing_have_none() -> None:
    real, made = rng.normal(size=(60, 5)), 100.0 + rng.normal(size=(60, 5))
    assert set(figures(real, made).values()) == {0.0}


def test_sets_of_one_law_have_what_is_expected() -> None:
    got = [figures(*rng.normal(size=(2, 100, 2)), neighbours=5) for _ in range(40)]
    assert np.mean([g["density"] for g in got]) == pytest.approx(1.0, abs=0.03)
    expected = expected_coverage(100, 100, 5)
    assert expected == pytest.approx(1.0 - 99 * 98 * 97 * 96 * 95 / (199 * 198 * 197 * 196 * 195))
    assert np.mean([g["coverage"] for g in got]) == pytest.approx(expected, abs=0.01)


def test_a_collapsed_model_keeps_precision_and_loses_the_rest() -> None:
    """Samples of one of ten modes; then one image, again and again."""
    real = np.concatenate([100.0 * mode + rng.normal(size=(30, 4)) for mode in range(10)])
    mode = figures(real, rng.normal(size=(300, 4)))
    assert mode["precision"] > 0.7
    assert mode["recall"] <= 0.1
    assert mode["coverage"] <= 0.1
    one = figures(real, np.repeat(real[:1], 300, axis=0))
    assert one["precision"] == 1.0
    assert one["recall"] == pytest.approx(1 / 300)
    assert one["coverage"] < 0.05


def test_duplicates_are_in_their_own_manifold() -> None:
    """Five of each image, to the bit: balls of no radius hold their centres all the same."""
    real = np.repeat(rng.normal(size=(20, 4)), 5, axis=0)
    got = figures(real, real)
    assert (got["precision"], got["recall"], got["coverage"]) == (1.0, 1.0, 1.0)
    assert got["density"] == pytest.approx(5 / 3)  # five at the very place, and k = 3


def test_one_odd_image_moves_precision_more_than_density() -> None:
    """Naeem et al., section 3: the odd image's ball holds samples that are like no other."""
    real = np.concatenate([rng.normal(size=(200, 3)), [[50.0, 0.0, 0.0]]])
    made = rng.normal((25.0, 0.0, 0.0), size=(200, 3))
    got = figures(real, made)
    assert got["precision"] > 0.9
    assert got["density"] < 0.34


def test_large_offsets_lose_no_distance() -> None:
    """|x|^2 - 2 x.y + |y|^2 would: of 1e16 in float64, what is left of a 1 is nothing."""
    points = rng.integers(0, 20, (50, 3)).astype("float64")
    near = in_manifold(points[:25], points[25:], 3)
    assert 0 < near.sum() < 25
    np.testing.assert_array_equal(in_manifold(1e8 + points[:25], 1e8 + points[25:], 3), near)


@pytest.mark.parametrize("make", [precision_recall, density_coverage])
def test_fewer_than_the_neighbours_are_refused(make: Callable[..., vaekit.Metric]) -> None:
    assert make(neighbours=4).fewest == 5
    with pytest.raises(vaekit.OptionError, match="needs 5 images of each kind at least, and count"):
        make(neighbours=4, count=4)
