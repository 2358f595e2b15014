"""The AR(1) prior: its law, and the floor of the KL from products."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import vaekit
from parts import array, program, tensor
from scipy.stats import multivariate_normal
from vaekit import distributions
from vaekit_bounds.ar1 import AR1


def precision(steps: int, alpha: float) -> np.ndarray:
    """Tridiagonal: 1 at the ends and 1 + alpha^2 between, -alpha beside, over 1 - alpha^2."""
    matrix = np.eye(steps) * (1 + alpha**2) - alpha * (np.eye(steps, k=1) + np.eye(steps, k=-1))
    matrix[0, 0] = matrix[-1, -1] = 1.0
    return matrix / (1 - alpha**2)


@pytest.mark.backend
@pytest.mark.parametrize("lag", [1, 2])
def test_law_is_the_normal_of_its_precision(lag: int) -> None:
    law = AR1(4 * lag, 0.7, lag)
    z = np.random.default_rng(0).normal(size=(3, 5, 4, lag))
    chain = multivariate_normal(cov=np.linalg.inv(precision(4, 0.7)))
    expected = sum(chain.logpdf(z[..., number]) for number in range(lag))
    got = array(law.log_prob(tensor(z.reshape(3, 5, -1))))
    np.testing.assert_allclose(got, expected, rtol=1e-4)
    draws = array(law.sample(keras.random.SeedGenerator(0), (40_000,))).reshape(-1, 4, lag)
    for number in range(lag):
        covariance = np.cov(draws[..., number].T)
        np.testing.assert_allclose(covariance, np.linalg.inv(precision(4, 0.7)), atol=0.03)


def estimated_kl(log_var: np.ndarray, mean: Any = 0.0, count: int = 40_000) -> tuple[float, float]:
    """KL from a product of normals, by draws, with its standard error."""
    posterior = distributions.DiagonalNormal(tensor(mean + 0.0 * log_var), tensor(log_var))
    z, log_q = posterior.sample_and_log_prob(keras.random.SeedGenerator(1), (count,))
    ratio = array(log_q - AR1(len(log_var), 0.9, 1).log_prob(z))
    return ratio.mean(), ratio.std() / count**0.5


def test_floor_of_sixteen_steps_is_4_98365() -> None:
    """Of all products, that of the precision's diagonal is nearest."""
    floor = 0.5 * (14 * np.log(1 + 0.9**2) - np.log(1 - 0.9**2))
    assert floor == pytest.approx(4.98365, abs=1e-5)
    nearest = -np.log(np.diag(precision(16, 0.9)))
    kl, error = estimated_kl(nearest)
    assert error < 0.02
    assert kl == pytest.approx(floor, abs=4 * error)
    for other, mean in ((nearest + 0.5, 0.0), (nearest - 0.5, 0.0), (nearest, 0.2)):
        kl, error = estimated_kl(other, mean)
        assert kl > floor + 4 * error


def test_values_that_make_no_steps_are_refused() -> None:
    with pytest.raises(vaekit.BuildError, match=r"steps of lag=3 values, and z has 4"):
        program(prior="ar1", prior_opt={"lag": 3})
