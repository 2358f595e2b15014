"""The sphere's laws: closed forms, draws against them, and the latent's own geometry."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import vaekit
from autodiff import gradient
from keras import ops
from parts import array, blueprint, tensor
from scipy.special import ive
from vaekit_geometry.sphere import UniformSphere, uniform_sphere
from vaekit_geometry.von_mises_fisher import von_mises_fisher
from vaekit_geometry.von_mises_fisher_law import VonMisesFisher


def law(size: int, kappa: float, count: int = 1) -> VonMisesFisher:
    direction = np.random.default_rng(size).normal(size=(count, size))
    direction /= np.linalg.norm(direction, axis=-1, keepdims=True)
    return VonMisesFisher(tensor(direction), tensor(np.full((count, 1), kappa)))


def seed() -> keras.random.SeedGenerator:
    return keras.random.SeedGenerator(5)


@pytest.mark.backend
@pytest.mark.parametrize(
    ("kappa", "expected"), [(1.0, 0.15160), (10.0, 1.99573), (1e4, np.log(2e4) - 1)]
)
def test_kl_of_three_dimensions(kappa: float, expected: float) -> None:
    """kappa coth kappa - 1 + ln(kappa / sinh kappa)."""
    kl = array(law(3, kappa).kl(UniformSphere(3)))
    assert kl.shape == (1, 1)
    np.testing.assert_allclose(kl, expected, atol=2e-5)


@pytest.mark.parametrize("size", [2, 5, 64])
@pytest.mark.parametrize("kappa", [1e-3, 1.0, 30.0, 1e4])
def test_kl_and_its_slope(size: int, kappa: float) -> None:
    """d KL / d kappa is kappa A'(kappa), with A' = 1 - A^2 - (m - 1) / kappa A."""
    kappas = tensor([[kappa]])
    slope = gradient(
        lambda at: ops.sum(VonMisesFisher(law(size, 1.0).direction, at).kl(UniformSphere(size))),
        kappas,
    )
    assert np.isfinite(array(slope)).all()
    order = size / 2 - 1
    if kappa >= 1.0:
        ratio = ive(order + 1, kappa) / ive(order, kappa)
        expected = kappa * (1 - ratio**2 - (size - 1) / kappa * ratio)
        np.testing.assert_allclose(array(slope), expected, rtol=2e-3, atol=1e-6)


def test_kl_from_another_law_is_not_told() -> None:
    assert law(3, 1.0).kl(vaekit.distributions.StandardNormal(3)) is None


@pytest.mark.backend
@pytest.mark.parametrize(("size", "kappa"), [(2, 3.0), (3, 10.0), (8, 0.5), (20, 300.0)])
def test_draws_have_the_mean_and_the_kl(size: int, kappa: float) -> None:
    count = 20_000
    of = law(size, kappa)
    z, log_q = of.sample_and_log_prob(seed(), (count,))
    prior = UniformSphere(size)
    assert tuple(z.shape) == (count, 1, size)
    np.testing.assert_allclose(array(ops.norm(z, axis=-1)), 1.0, atol=1e-5)
    along = array(z)[:, 0] @ array(of.direction)[0]
    order = size / 2 - 1
    expected = ive(order + 1, kappa) / ive(order, kappa)
    assert along.mean() == pytest.approx(expected, abs=4 * along.std() / np.sqrt(count))
    ratio = array(log_q - prior.log_prob(z))
    closed = array(of.kl(prior)).item()
    assert ratio.mean() == pytest.approx(closed, abs=4 * ratio.std() / np.sqrt(count))


@pytest.mark.backend
@pytest.mark.parametrize(("size", "kappa"), [(2, 2.0), (5, 10.0), (20, 300.0), (64, 5.0)])
def test_gradient_of_draws_is_that_of_their_mean(size: int, kappa: float) -> None:
    """d E[direction . z] / d kappa = A' = 1 - A^2 - (m - 1) / kappa A."""
    count = 20_000
    direction = law(size, kappa).direction

    def mean(at: Any) -> Any:
        z = VonMisesFisher(direction, at).sample(seed(), (count,))
        return ops.mean(ops.sum(z * direction, axis=-1))

    order = size / 2 - 1
    ratio = ive(order + 1, kappa) / ive(order, kappa)
    expected = 1 - ratio**2 - (size - 1) / kappa * ratio
    slope = array(gradient(mean, tensor([[kappa]]))).item()
    assert slope == pytest.approx(expected, rel=0.03)


def test_a_sharp_law_draws_near_its_direction() -> None:
    z = array(law(3, 1e4).sample(seed(), (500,)))
    assert np.isfinite(z).all()
    # 2 kappa (1 - cos) has the mean m - 1.
    away = 1e4 * np.sum(np.square(z[:, 0] - array(law(3, 1e4).direction)), axis=-1)
    assert away.mean() == pytest.approx(2.0, abs=0.4)


@pytest.mark.parametrize("kappa", [1e-3, 2.0])
def test_density_of_the_circle_integrates_to_1(kappa: float) -> None:
    angle = np.linspace(0, 2 * np.pi, 2000, endpoint=False)
    points = tensor(np.stack([np.cos(angle), np.sin(angle)], -1))
    assert np.exp(array(law(2, kappa).log_prob(points))).mean() * 2 * np.pi == pytest.approx(
        1.0, abs=1e-5
    )


def test_uniform_draws_have_no_direction_and_the_density_of_the_surface() -> None:
    prior = uniform_sphere(3, (8, 8, 1)).distribution(3, lambda images: None)
    z = prior.sample(seed(), (20_000,))
    np.testing.assert_allclose(array(z).mean(0), 0.0, atol=0.03)
    np.testing.assert_allclose(array(prior.log_prob(z)), -np.log(4 * np.pi), rtol=1e-6)


def test_a_batch_of_laws_tells_the_density_of_a_batch_of_points() -> None:
    of, z = law(4, 3.0, count=3), law(4, 1.0, count=5).sample(seed())
    each = array(of.log_prob(z[:, None]))
    assert each.shape == (5, 3)
    np.testing.assert_allclose(each[2, 1], array(of.log_prob(z[2]))[1], rtol=1e-5)


def test_the_way_between_two_points_is_a_great_circle() -> None:
    latent = von_mises_fisher(3)
    a = np.array([[[1.0, 0.0, 0.0]], [[0.0, 0.0, 1.0]]], "float32")
    b = np.array([[[0.0, 1.0, 0.0]], [[0.0, 0.0, -1.0]]], "float32")
    way = latent.between(a, b, np.linspace(0, 1, 5)[None])
    np.testing.assert_allclose(np.linalg.norm(way, axis=-1), 1.0, atol=1e-6)
    np.testing.assert_allclose(way[:, [0, -1]], np.concatenate([a, b], 1), atol=1e-6)
    np.testing.assert_allclose(way[0, 2], np.sqrt([0.5, 0.5, 0.0]), atol=1e-6)
    np.testing.assert_allclose(latent.between(a, a, np.array([[0.3]])), a, atol=1e-6)


def test_what_is_no_sphere_is_refused() -> None:
    with pytest.raises(vaekit.BuildError, match="latent_dim is 1: take 2"):
        von_mises_fisher(1)


def test_priors_of_the_line_are_refused_and_this_one_is_offered() -> None:
    with pytest.raises(vaekit.BuildError, match="'uniform-sphere'"):
        blueprint(latent="von-mises-fisher", prior="mixture").build()
    with pytest.raises(vaekit.BuildError, match="support real"):
        blueprint(prior="uniform-sphere").build()
