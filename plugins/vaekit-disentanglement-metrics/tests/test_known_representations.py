"""Every metric of factors on representations whose scores are known."""

from __future__ import annotations

import numpy as np
import pytest
import vaekit
from known_factors import drawn, measured
from vaekit_disentanglement_metrics.beta_vae_score import beta_vae_score
from vaekit_disentanglement_metrics.dci import dci
from vaekit_disentanglement_metrics.factor_vae_score import factor_vae_score
from vaekit_disentanglement_metrics.irs import irs
from vaekit_disentanglement_metrics.mig import mig
from vaekit_disentanglement_metrics.modularity import modularity
from vaekit_disentanglement_metrics.sap import sap

TEN = drawn(2000, [10] * 5)
# By the name of each score.
METRICS = {
    "mig": mig,
    "sap": sap,
    "dci_disentanglement": lambda: dci(trees=5),
    "dci_completeness": lambda: dci(trees=5),
    "modularity": modularity,
    "factor_vae_score": lambda: factor_vae_score(votes=500),
    "beta_vae_score": lambda: beta_vae_score(points=500),
    "irs": irs,
}
every_score = pytest.mark.parametrize("score", METRICS)


def value(score: str, *args, **kwargs) -> float:
    estimate = measured(METRICS[score](), *args, **kwargs)[score]
    assert estimate.estimator
    assert estimate.better == "higher"
    assert 0 <= estimate.value <= 1
    return estimate.value


def constant(factors: np.ndarray) -> np.ndarray:
    return np.full((len(factors), 5), 0.3)


def rotated(factors: np.ndarray) -> np.ndarray:
    """The first two factors turned by 45 degrees."""
    z = factors - factors.mean(axis=0)
    return np.column_stack([z[:, 0] - z[:, 1], z[:, 0] + z[:, 1], z[:, 2:]])


@every_score
def test_one_value_of_z_for_each_factor(score):
    assert value(score, TEN) >= 0.95


@every_score
def test_in_another_order_scaled_shifted_and_flipped(score):
    def points_of(factors):
        return factors[:, ::-1] * [-0.3, 5.0, 0.7, -2.0, 1.0] + [3, 0, -1, 0.5, 100]

    assert value(score, TEN, points_of) >= 0.95


@every_score
def test_factors_of_few_and_many_values(score):
    assert value(score, drawn(2000, [3, 6, 40, 32, 32], seed=1)) >= 0.9


@every_score
def test_nothing_but_constants(score):
    assert value(score, TEN, constant) <= 0.01


@pytest.mark.parametrize(
    ("score", "most"), [("mig", 0.05), ("sap", 0.05), ("dci_completeness", 0.75)]
)
def test_every_value_of_z_twice(score, most):
    assert value(score, TEN, lambda factors: np.hstack([factors, factors])) <= most


@every_score
def test_a_rotation_is_worse(score):
    assert value(score, TEN, rotated) < value(score, TEN) - 0.05


@pytest.mark.parametrize("score", ["mig", "sap", "dci_disentanglement", "dci_completeness"])
def test_noise(score):
    rng = np.random.default_rng(2)
    assert value(score, TEN, lambda factors: rng.normal(size=factors.shape)) <= 0.05


@every_score
def test_the_same_seed_says_the_same(score):
    one, two = (measured(METRICS[score](), TEN, rotated, seed=7) for _ in range(2))
    assert one == two


@every_score
def test_factors_that_stay_the_same_are_left_out(score):
    """As dSprites' color."""
    factors = np.column_stack([np.zeros(len(TEN), int), TEN[:, :3]])
    assert value(score, factors, lambda factors: factors[:, 1:]) >= 0.95


@every_score
def test_one_factor_is_refused(score):
    factors = np.column_stack([TEN[:, 0], np.zeros(len(TEN), int)])
    with pytest.raises(vaekit.UserError, match=r"vary in angle alone, .* needs two"):
        measured(METRICS[score](), factors, names={"angle": 10, "color": 1})


@every_score
def test_z_of_one_value_is_refused(score):
    with pytest.raises(vaekit.UserError, match="Z is a single value"):
        measured(METRICS[score](), TEN, lambda factors: factors[:, :1])


def test_z_that_is_not_finite_is_refused():
    def points_of(factors):
        z = factors.astype(float)
        z[7, 1] = z[9, 0] = np.nan
        return z

    with pytest.raises(vaekit.UserError, match=r"isn't finite for 2 images, .* image 7"):
        measured(mig(), TEN, points_of)
