"""MIG and modularity against entropies by hand."""

from __future__ import annotations

import numpy as np
import pytest
from known_factors import drawn, grid, measured
from vaekit_disentanglement_metrics.factor_codes import FactorCodes
from vaekit_disentanglement_metrics.mig import mig
from vaekit_disentanglement_metrics.modularity import modularity, modularity_of
from vaekit_disentanglement_metrics.mutual_information import BinnedCodes

NAMES = ("a", "b")


def test_independent_values_have_no_information_and_equal_ones_all():
    factors = grid([3, 4], times=2)
    binned = BinnedCodes(FactorCodes(factors.astype(float), factors, NAMES), None)
    expected = [[np.log(3), 0], [0, np.log(4)]]
    np.testing.assert_allclose(binned.mutual_information(), expected, atol=1e-12)
    np.testing.assert_allclose(binned.entropies(), np.log([3, 4]))


def test_information_of_halves():
    """Of 4 values two bins keep ln 2."""
    factors = grid([4, 4])
    binned = BinnedCodes(FactorCodes(factors.astype(float), factors, NAMES), 2)
    np.testing.assert_allclose(binned.mutual_information(), np.log(2) * np.eye(2), atol=1e-12)


def test_bins_are_as_many_as_factors_have_values():
    """Real numbers that are all different have the information of their bins, and no more."""
    factors = drawn(4000, [40, 3])
    jitter = np.random.default_rng(0).uniform(-0.4, 0.4, factors.shape)
    estimate = measured(mig(), factors, lambda f: f + jitter)["mig"]
    assert estimate.estimator == "mutual information of 40 histogram bins; jackknife, seed 0"
    assert estimate.value > 0.9
    fewer = measured(mig(bins=20), factors, lambda f: f + jitter)["mig"].value
    assert fewer < estimate.value


def test_mig_of_a_factor_in_two_values_of_z():
    """Two binary values of z tell a factor of 4, each ln 2 of its ln 4; the other is not in z."""
    factors = grid([4, 5])

    def points_of(factors):
        return np.stack([factors[:, 0] // 2, factors[:, 0] % 2], axis=1)

    by_factor = measured(mig(), factors, points_of)["mig_by_factor"].value
    np.testing.assert_allclose(by_factor, [0, 0], atol=1e-12)

    def uneven(factors):
        return np.stack([factors[:, 0], factors[:, 0] % 2], axis=1)

    by_factor = measured(mig(), factors, uneven)["mig_by_factor"].value
    np.testing.assert_allclose(by_factor, [0.5, 0], atol=1e-12)  # (ln 4 - ln 2) / ln 4


def test_modularity_of_one_value_of_z_for_two_factors():
    """Of 10 factors each value of z tells two alike: 1 - I^2 / (9 I^2)."""
    five = grid([2] * 5)
    factors = np.hstack([five, five])
    estimate = measured(modularity(), factors, lambda factors: factors[:, :5])["modularity"]
    assert estimate.value == pytest.approx(8 / 9, abs=1e-12)


@pytest.mark.parametrize(
    ("information", "expected"),
    [
        (np.diag([5.0] * 5), [1] * 5),
        ([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]], [1, 1, 0]),
        (np.ones((3, 4)), [0] * 3),
        ([[2.0, 1.0, 0.0]], [1 - 1 / 8]),
    ],
)
def test_modularity_of_information(information, expected):
    np.testing.assert_allclose(modularity_of(np.array(information)), expected)


def test_few_images_are_noted():
    note = measured(mig(), drawn(200, [40, 3]), names={"angle": 40, "shape": 3})["mig"].note
    assert note.startswith("200 images are few for 40 bins and the 40 values of angle:")
    assert measured(mig(), drawn(20_000, [4, 3]))["mig"].note == ""


def test_the_error_is_that_of_other_images():
    """The jackknife's against the spread over 60 sets of images; a tenth of them is lost."""

    def of(seed):
        jitter = np.random.default_rng(seed).normal(scale=1.5, size=(400, 2))
        return measured(mig(bins=5), drawn(400, [4, 4], seed), lambda f: f + jitter)["mig"]

    estimates = [of(seed) for seed in range(60)]
    spread = np.std([estimate.value for estimate in estimates])
    error = np.mean([estimate.error for estimate in estimates])
    assert error == pytest.approx(spread, rel=0.35)
