"""Bessel functions against SciPy's and closed forms, in float32."""

from __future__ import annotations

import numpy as np
import pytest
from autodiff import gradient
from keras import ops
from parts import array, tensor
from scipy.special import gammaln, ive
from vaekit_geometry.bessel import bessel

X = np.logspace(-3, 4, 50).astype("float32")
ORDERS = [0.0, 0.5, 1.0, 1.5, 4.0, 15.5, 31.0]


def log_scaled(order: float) -> np.ndarray:
    """In float64; where I_v(x) underflows, by the first terms of its series."""
    x = X.astype("float64")
    power = gammaln(order + 1) + order * np.log(2 / x)
    series = np.log1p(x**2 / 4 / (order + 1) * (1 + x**2 / 8 / (order + 2))) - x
    with np.errstate(divide="ignore"):
        return np.where(x < 0.05, series, power + np.log(ive(order, x)))


@pytest.mark.backend
@pytest.mark.parametrize("order", ORDERS)
def test_agrees_with_scipy(order: float) -> None:
    np.testing.assert_allclose(
        array(bessel(order, tensor(X)).log_scaled), log_scaled(order), rtol=3e-6, atol=3e-5
    )


@pytest.mark.backend
@pytest.mark.parametrize("order", ORDERS)
def test_derivative_is_the_ratio_less_1(order: float) -> None:
    x = X.astype("float64")
    below = np.where(x < 0.05, 1.0, ive(order, x))
    ratio = np.where(x < 0.05, x / (2 * order + 2), ive(order + 1, x) / below)
    slope = gradient(lambda at: ops.sum(bessel(order, at).log_scaled), tensor(X))
    np.testing.assert_allclose(array(slope), ratio - 1, atol=1e-5)
    np.testing.assert_allclose(
        array(bessel(order, tensor(X)).gap), x * (1 - ratio), rtol=1e-4, atol=1e-5
    )


def test_of_half_an_order_is_the_hyperbolic_sine() -> None:
    x = X.astype("float64")
    expected = np.log(-np.expm1(-2 * x) / (2 * x))
    np.testing.assert_allclose(array(bessel(0.5, tensor(X)).log_scaled), expected, atol=1e-5)
