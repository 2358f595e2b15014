"""The Fréchet distance: closed forms, samples, singular covariances, its error and its bias."""

from __future__ import annotations

import numpy as np
import pytest
from vaekit_image_metrics.frechet import (
    fitted,
    frechet,
    frechet_distance,
    frechet_error,
    normal_law,
)

rng = np.random.default_rng(0)


def test_commuting_covariances_differ_by_their_roots() -> None:
    """S and S' of one basis: |m - m'|^2 + sum (sqrt a - sqrt b)^2."""
    basis, _ = np.linalg.qr(rng.normal(size=(6, 6)))
    a, b = rng.uniform(0.1, 4.0, (2, 6))
    mean, other = rng.normal(size=(2, 6))
    laws = [normal_law(m, basis @ np.diag(v) @ basis.T) for m, v in ((mean, a), (other, b))]
    expected = np.sum((mean - other) ** 2) + np.sum((np.sqrt(a) - np.sqrt(b)) ** 2)
    assert frechet_distance(*laws) == pytest.approx(expected, rel=1e-12)


def test_two_by_two_in_closed_form() -> None:
    """tr M^(1/2) = sqrt(tr M + 2 sqrt(det M)), of a product that isn't symmetric."""
    one, other = np.array([[2.0, 0.5], [0.5, 1.0]]), np.array([[1.0, -0.7], [-0.7, 3.0]])
    root = np.sqrt(np.trace(one @ other) + 2 * np.sqrt(np.linalg.det(one @ other)))
    expected = 1.0 + 4.0 + np.trace(one) + np.trace(other) - 2 * root
    laws = normal_law(np.array([1.0, 2.0]), one), normal_law(np.zeros(2), other)
    assert frechet_distance(*laws) == pytest.approx(expected, rel=1e-12)
    assert frechet_distance(*reversed(laws)) == pytest.approx(expected, rel=1e-12)


def test_laws_of_lower_rank_are_exact_too() -> None:
    """Two lines that don't commute: a product of rank 1, whose root has the trace |u.v|."""
    u, v = np.array([3.0, 0.0, 0.0]), np.array([1.0, 1.0, 0.0])
    laws = [normal_law(np.zeros(3), np.outer(w, w)) for w in (u, v)]
    assert frechet_distance(*laws) == pytest.approx(9.0 + 2.0 - 2 * 3.0, rel=1e-12)
    point = normal_law(np.zeros(3), np.zeros((3, 3)))
    assert frechet_distance(laws[0], point) == pytest.approx(9.0)


@pytest.mark.parametrize("count", [5, 200])
def test_a_set_against_itself_is_at_zero(count: int) -> None:
    features = 50.0 + rng.normal(size=(count, 16)) @ rng.normal(size=(16, 16))
    law = fitted(features)
    assert frechet_distance(law, law) == pytest.approx(0.0, abs=1e-9)
    assert frechet_error(features, features, law, law) == pytest.approx(0.0, abs=1e-5)


def test_its_error_is_the_spread_of_repeats() -> None:
    """N(0, I) and N(1, S) in 4 dimensions, 400 of each: 200 repeats."""
    scale = np.array([1.0, 1.5, 0.5, 2.0])
    values, errors = [], []
    for _ in range(200):
        x, y = rng.normal(size=(400, 4)), 1.0 + scale * rng.normal(size=(400, 4))
        laws = fitted(x), fitted(y)
        values.append(frechet_distance(*laws))
        errors.append(frechet_error(x, y, *laws))
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.15)
    expected = 4.0 + np.sum((scale - 1.0) ** 2)
    assert expected - 0.05 < np.mean(values) < expected + 0.15  # biased upwards


def test_fewer_images_than_features_are_told_beside_the_figure() -> None:
    metric = frechet()
    few = metric.compare(*rng.normal(size=(2, 10, 16)), seed=0)["frechet"]
    many = metric.compare(*rng.normal(size=(2, 1000, 16)), seed=0)["frechet"]
    assert "10 images don't tell a covariance of 16 features" in few.note
    assert few.value > 10 * many.value > 0
    assert many.note == ""
    assert "biased upwards" in many.estimator
    assert metric.fewest == 2
