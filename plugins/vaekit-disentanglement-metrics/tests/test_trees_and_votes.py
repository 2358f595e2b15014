"""DCI, SAP, IRS and the scores by votes and by pairs, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import vaekit
from known_factors import drawn, grid, measured
from vaekit_disentanglement_metrics.beta_vae_score import beta_vae_score
from vaekit_disentanglement_metrics.dci import completeness, dci, disentanglement
from vaekit_disentanglement_metrics.factor_vae_score import factor_vae_score
from vaekit_disentanglement_metrics.irs import irs
from vaekit_disentanglement_metrics.sap import sap

DIAGONAL = np.diag([5.0] * 5)
TWO_OF_TEN = 1 - np.log(2) / np.log(10)


@pytest.mark.parametrize(
    ("importance", "of_codes", "of_factors"),
    [
        (DIAGONAL, 1, 1),
        ([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]], 1, 1),  # a value of z that nothing needs
        (np.zeros((10, 10)), 0, 0),
        (np.ones((4, 3)), 0, 0),
        (np.vstack([DIAGONAL, DIAGONAL]), 1, TWO_OF_TEN),  # a factor in two values of z
        (np.hstack([DIAGONAL, DIAGONAL]), TWO_OF_TEN, 1),  # a value of z for two factors
        ([[3.0, 1.0], [0.0, 0.0]], 1 + 0.75 * np.log2(0.75) + 0.25 * np.log2(0.25), 1),
    ],
)
def test_dci_of_importances(importance, of_codes, of_factors):
    importance = np.array(importance)
    assert disentanglement(importance) == pytest.approx(of_codes)
    assert completeness(importance) == pytest.approx(of_factors)


def test_dci_of_one_value_of_z_for_two_factors():
    five = drawn(600, [3] * 5)
    factors = np.hstack([five, five])
    figures = measured(dci(trees=3), factors, lambda factors: factors[:, :5])
    assert figures["dci_disentanglement"].value == pytest.approx(TWO_OF_TEN)
    assert figures["dci_completeness"].value == pytest.approx(1)
    assert figures["dci_informativeness"].value == 1


def test_dci_of_noisy_values_of_z_is_no_mixtures():
    """Noise in a value of z makes no other value important."""
    factors, noise = drawn(3000, [10, 10]), np.random.default_rng(1).normal(size=(3000, 2))
    noisy = measured(dci(trees=5), factors, lambda factors: factors + 2 * noise)
    assert noisy["dci_informativeness"].value < 0.4
    assert noisy["dci_disentanglement"].value > 0.8
    assert noisy["dci_completeness"].value > 0.8


def test_informativeness_is_judged_on_images_that_nothing_was_fitted_on():
    rng = np.random.default_rng(0)
    figures = measured(dci(trees=3), drawn(2000, [4, 4]), lambda f: rng.normal(size=f.shape))
    assert figures["dci_informativeness"].value == pytest.approx(1 / 4, abs=0.05)
    assert figures["dci_completeness"].note == "Z tells factor_1, factor_2 no better than chance."


def test_sap_is_the_gap_of_explained_variances():
    """z_1 = a + b and z_2 = a - 2b on a grid of binary factors: R^2 of a is 1/2 and 1/5."""

    def points_of(factors):
        a, b = factors.T
        return np.stack([a + b, a - 2 * b], axis=1)

    estimate = measured(sap(), grid([2, 2], times=10), points_of)["sap"]
    assert estimate.value == pytest.approx(((1 / 2 - 1 / 5) + (4 / 5 - 1 / 2)) / 2)


def test_sap_of_classes():
    """Two classes are told by a line, half of which are met by chance."""
    estimate = measured(sap(factors="classification"), drawn(1000, [2, 2]))["sap"]
    assert estimate.value == pytest.approx(0.5, abs=0.06)
    assert estimate.estimator == "held-out accuracy of LinearSVC, seed 0"


def test_irs_of_a_sum():
    """z_1 = a, z_2 = a + b with b half as wide: while a stays, z_2 moves by a third of its most."""
    factors = grid([5, 5], times=4)

    def points_of(factors):
        a, b = factors.T - 2.0
        return np.stack([a, a + b / 2], axis=1)

    # Weights are the largest deviations, 2 and 3.
    assert measured(irs(quantile=1.0), factors, points_of)["irs"].value == pytest.approx(
        (2 * 1 + 3 * (1 - 1 / 3)) / 5
    )


def test_values_that_few_images_share_are_noted():
    factors = np.vstack([grid([3, 3], times=10), [[3, 0]] * 4])
    for metric in (irs(), factor_vae_score(votes=50)):
        (estimate,) = measured(metric, factors).values()
        assert estimate.note == (
            "1 of the 7 values of factors have fewer than 10 images and are left out. Take more "
            "images."
        )


@pytest.mark.parametrize("metric", [irs(), factor_vae_score()])
def test_groups_that_are_too_small_are_refused(metric):
    with pytest.raises(
        vaekit.UserError, match="No 10 of the 60 images share a value of the factor 'angle', which"
    ):
        measured(metric, drawn(60, [40, 2]), names={"angle": 40, "shape": 2})


def test_pairs_that_there_are_none_of_are_refused():
    factors = np.stack([np.arange(40), np.arange(40) % 2], axis=1)
    with pytest.raises(vaekit.UserError, match="No 2 of the 40 images share"):
        measured(beta_vae_score(points=20), factors)


def test_images_to_learn_from_with_one_value_are_refused():
    factors = drawn(40, [2, 2])
    factors[:, 1] = np.arange(40) == np.random.default_rng(0).permutation(40)[-1]
    with pytest.raises(vaekit.UserError, match=r"14 images .* of 40, have one value .* 'factor_2'"):
        measured(dci(), factors)


def test_values_of_z_that_are_noise_have_no_votes():
    """A dead value of z that trembles is no factor's, though its variance is small everywhere."""
    rng = np.random.default_rng(0)
    factors = drawn(1000, [5, 5])

    def points_of(factors):
        return np.column_stack([factors, rng.normal(scale=0.001, size=len(factors))])

    estimate = measured(factor_vae_score(votes=200), factors, points_of)["factor_vae_score"]
    assert estimate.value == 1
    assert estimate.estimator.endswith("2 of 3 values of z; seed 0")


def test_errors_are_those_of_the_votes():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(1000, 2))
    for metric, name in (
        (factor_vae_score(votes=400), "factor_vae_score"),
        (beta_vae_score(points=400), "beta_vae_score"),
    ):
        estimate = measured(metric, drawn(1000, [5, 5]), lambda f: noise)[name]
        p = estimate.value
        assert p == pytest.approx(1 / 2, abs=0.1)  # chance
        assert estimate.error == pytest.approx(np.sqrt(p * (1 - p) / 399))
