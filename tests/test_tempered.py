"""Laws at another temperature: standard deviations times it, and nothing else moved."""

from __future__ import annotations

import math

import keras
import numpy as np
import pytest
from keras import ops

from vaekit import distributions
from vaekit.distributions import DiagonalNormal, FullNormal, Mixture, StandardNormal

pytestmark = pytest.mark.backend

MEAN = np.array([1.0, -2.0], "float32")
TRIL = np.array([[0.5, 0.0], [0.3, 2.0]], "float32")
LAWS = {
    "standard": (lambda: StandardNormal(2), np.zeros(2), np.eye(2)),
    "diagonal": (
        lambda: DiagonalNormal(ops.convert_to_tensor(MEAN), ops.zeros((2,)) + math.log(4.0)),
        MEAN,
        4.0 * np.eye(2),
    ),
    "full": (
        lambda: FullNormal(ops.convert_to_tensor(MEAN), ops.convert_to_tensor(TRIL)),
        MEAN,
        TRIL @ TRIL.T,
    ),
}


def log_normal(z, mean, cov):
    away = np.linalg.solve(cov, z - mean)
    return -0.5 * (away @ (z - mean) + np.linalg.slogdet(2 * np.pi * cov)[1])


@pytest.mark.parametrize(("make", "mean", "cov"), LAWS.values(), ids=LAWS)
def test_covariances_are_scaled_by_the_square(make, mean, cov):
    z = np.array([0.3, -0.7], "float32")
    for temperature in (0.5, 1.0, 2.0):
        told = make().tempered(temperature).log_prob(ops.convert_to_tensor(z))
        expected = log_normal(z, mean, temperature**2 * cov)
        assert ops.convert_to_numpy(told) == pytest.approx(expected, abs=2e-5)


def test_a_mixture_keeps_its_weights_and_its_centres():
    means = np.array([[-3.0], [3.0]], "float32")
    law = Mixture(
        DiagonalNormal(ops.convert_to_tensor(means), ops.zeros((2, 1))),
        ops.log(ops.convert_to_tensor(np.array([0.25, 0.75], "float32"))),
    )
    draws = ops.convert_to_numpy(law.tempered(0.1).sample(keras.random.SeedGenerator(0), (4000,)))
    left = draws[draws < 0]
    assert len(left) / len(draws) == pytest.approx(0.25, abs=0.03)
    assert (left.mean(), left.std()) == pytest.approx((-3.0, 0.1), abs=0.01)


def test_what_has_no_spread_has_no_temperature():
    assert distributions.PointMass(ops.zeros((1, 2))).tempered(0.5) is None
