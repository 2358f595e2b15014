"""UDR of models whose z are known."""

from __future__ import annotations

import numpy as np
import pytest
import vaekit
from known_factors import grid
from vaekit_disentanglement_metrics import udr as module
from vaekit_disentanglement_metrics.udr import agreement, rank_correlations, udr

FACTORS = grid([3, 4, 5, 6])
Z = FACTORS.astype("float32")
RUNS = {
    "copy": Z,
    "permuted": Z[:, [2, 0, 3, 1]] * [-1, 2, -0.5, 1],
    "monotone": np.exp(Z),
    "with dead values": np.hstack([Z, 0.01 * Z[:, :2]]),
    "mixed": Z @ np.linalg.qr(np.random.default_rng(0).normal(size=(4, 4)))[0],
    "collapsed": 0.01 * Z,
    "two of them": Z[:, :2],
}


class StoredRun:
    def __init__(self, z):
        self._z = np.asarray(z, "float32")

    def latents(self, images):
        return self._z

    points = latents


def score(monkeypatch, *names, of="copy", **options):
    monkeypatch.setattr(vaekit, "load", lambda path: StoredRun(RUNS[path]), raising=False)
    images = vaekit.Images(np.zeros((len(Z), 8, 8, 1), "uint8"))
    measurement = vaekit.Measurement(StoredRun(RUNS[of]), images, lambda: images)
    return udr(runs=names, **options)(measurement)


@pytest.mark.parametrize("name", ["copy", "permuted", "monotone", "with dead values"])
def test_it_is_largest_for_the_same_values_of_z(monkeypatch, name):
    assert score(monkeypatch, name)["udr"].value == pytest.approx(1)


def test_a_mixture_agrees_less(monkeypatch):
    assert score(monkeypatch, "mixed")["udr"].value < 0.7


def test_values_of_z_that_only_one_has(monkeypatch):
    """Two of each agree, two of one are nowhere: (2 + 2) / (4 + 2)."""
    assert score(monkeypatch, "two of them")["udr"].value == pytest.approx(4 / 6)


def test_lasso_shrinks_by_a_tenth(monkeypatch):
    assert score(monkeypatch, "permuted", similarity="lasso")["udr"].value == pytest.approx(0.9)


def test_nothing_agrees_with_nothing(monkeypatch):
    figures = score(monkeypatch, "copy", of="collapsed")
    assert figures["udr"].value == 0
    assert figures["udr"].note == "No value of z is informative."
    assert score(monkeypatch, "collapsed")["udr"].value == 0


def test_it_is_the_median_over_runs(monkeypatch):
    figures = score(monkeypatch, "mixed", "copy", "collapsed")
    assert figures["udr_by_run"].value[1:] == pytest.approx((1, 0))
    assert figures["udr"].value == figures["udr_by_run"].value[0]
    assert figures["udr"].estimator == (
        "median over 3 other runs, spearman; 4 informative values of z"
    )


@pytest.mark.parametrize(
    ("similarity", "expected"),
    [
        (np.eye(3), 1),
        ([[1, 1, 0], [1, 1, 0], [0, 0, 1]], 2 / 3),
        (np.ones((3, 3)), 1 / 3),
        (np.zeros((3, 3)), 0),
    ],
)
def test_agreement(similarity, expected):
    assert agreement(np.array(similarity, float)) == pytest.approx(expected)


def test_rank_correlations_are_scipys():
    from scipy.stats import spearmanr

    a, b = np.random.default_rng(0).integers(0, 5, (2, 50, 3))
    expected = np.abs(spearmanr(np.hstack([a, b])).statistic[:3, 3:])
    np.testing.assert_allclose(rank_correlations(a, b), expected)


def test_other_runs_must_be_named():
    with pytest.raises(vaekit.OptionError, match="runs=DIR,DIR"):
        udr()


def test_a_map_is_refused(monkeypatch):
    monkeypatch.setattr(vaekit, "load", lambda path: StoredRun(np.zeros((9, 2, 2, 1))))
    with pytest.raises(vaekit.UserError, match="run far/away has z that is a map of 2x2x1"):
        module.OpenedRun("far/away").points(vaekit.Images(np.zeros((9, 8, 8, 1), "uint8")))
