"""The estimate of MMD^2: against a closed form, a brute force, and without bias."""

from __future__ import annotations

import math

import numpy as np
import pytest
from parts import array, tensor
from vaekit_matching.mmd import KernelName, squared_mmd, usual_bandwidth

RANDOM = np.random.default_rng(0)
KERNELS = {"rbf": lambda d, h: np.exp(-d / (2 * h**2)), "imq": lambda d, h: 1 / (1 + d / 2 / h**2)}


def normal_mmd(mean: float, bandwidth: float, latents: int) -> float:
    """MMD^2 of N(mu, I) and N(0, I), |mu| = mean, under the RBF kernel.

    E k(a, b) of a - b ~ N(m, 2 I) is (h^2 / (h^2 + 2))^(D/2) exp(-|m|^2 / (2 (h^2 + 2))).
    """
    scale = (bandwidth**2 / (bandwidth**2 + 2)) ** (latents / 2)
    return 2 * scale * (1 - math.exp(-(mean**2) / (2 * (bandwidth**2 + 2))))


def brute_force(z: np.ndarray, other: np.ndarray, kernel: str, h: float) -> float:
    def mean(a: np.ndarray, b: np.ndarray, pairs: np.ndarray) -> float:
        distances = np.square(a[:, None] - b[None]).sum(-1)
        return float(KERNELS[kernel](distances, h)[pairs].mean())

    apart = ~np.eye(len(z), dtype=bool)
    crossed = mean(z, other, np.ones_like(apart))
    return mean(z, z, apart) + mean(other, other, apart) - 2 * crossed


@pytest.mark.backend
@pytest.mark.parametrize("kernel", ["rbf", "imq"])
@pytest.mark.parametrize("bandwidth", [None, 0.7])
def test_is_the_mean_over_pairs(kernel: KernelName, bandwidth: float | None) -> None:
    z, other = RANDOM.normal(size=(2, 9, 3))
    estimate = array(squared_mmd(tensor(z + 1), tensor(other), kernel, bandwidth))
    expected = brute_force(z + 1, other, kernel, bandwidth or math.sqrt(3))
    np.testing.assert_allclose(estimate, expected, atol=1e-5)


def test_of_two_normals_in_closed_form() -> None:
    """h = 1, D = 2, |mu| = 1: 0.10235."""
    assert normal_mmd(1.0, 1.0, 2) == pytest.approx(0.10235, abs=5e-6)
    mean = np.array([0.6, 0.8])
    estimates = [
        array(squared_mmd(tensor(z + mean), tensor(other), "rbf", 1.0))
        for z, other in RANDOM.normal(size=(30, 2, 1000, 2))
    ]
    # One estimate strays by 0.012.
    assert np.mean(estimates) == pytest.approx(0.10235, abs=0.007)
    assert np.std(estimates) < 0.02


@pytest.mark.parametrize("kernel", ["rbf", "imq"])
def test_of_equal_laws_it_averages_to_zero(kernel: KernelName) -> None:
    """With pairs of a draw and itself, three of each would add some 0.3."""
    estimates = [
        array(squared_mmd(tensor(z), tensor(other), kernel, None))
        for z, other in RANDOM.normal(size=(300, 2, 3, 2))
    ]
    assert np.mean(estimates) == pytest.approx(0.0, abs=4 * np.std(estimates) / math.sqrt(300))
    assert min(estimates) < 0


def test_one_draw_tells_nothing() -> None:
    assert array(squared_mmd(tensor([[3.0, 1.0]]), tensor([[0.0, 0.0]]), "imq", None)) == 0.0


def test_draws_of_many_values_keep_their_distances() -> None:
    z, other = RANDOM.normal(size=(2, 6, 4096)) + 10.0
    estimate = array(squared_mmd(tensor(z), tensor(other), "imq", None))
    expected = brute_force(z, other, "imq", usual_bandwidth(4096))
    np.testing.assert_allclose(estimate, expected, atol=1e-4)
