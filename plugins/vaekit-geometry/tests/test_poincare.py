"""The Poincaré ball: its maps, the wrapped normal's density and draws, and the latent."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import vaekit
from autodiff import gradient
from keras import ops
from parts import array, blueprint, tensor
from vaekit_geometry.poincare import poincare
from vaekit_geometry.poincare_ball import LONGEST, exp_map, log_map
from vaekit_geometry.wrapped_normal import WrappedNormal, wrapped_normal

STEPS = np.linspace(-6.0, 6.0, 4001)


def seed() -> keras.random.SeedGenerator:
    return keras.random.SeedGenerator(5)


def points(count: int, size: int, distance: float) -> np.ndarray:
    """Of random directions, so far from the centre."""
    directions = np.random.default_rng(size).normal(size=(count, size))
    return np.tanh(distance / 2) * directions / np.linalg.norm(directions, axis=-1, keepdims=True)


def distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """arcosh(1 + 2 |a - b|^2 / ((1 - |a|^2) (1 - |b|^2))): Mathieu et al., equation 2."""
    squared, gap_a, gap_b = np.sum((a - b) ** 2, -1), 1 - np.sum(a**2, -1), 1 - np.sum(b**2, -1)
    return np.arccosh(1 + 2 * squared / (gap_a * gap_b))


@pytest.mark.backend
@pytest.mark.parametrize("size", [1, 2, 10])
@pytest.mark.parametrize("far", [0.0, 0.5, 3.0, 6.0])
def test_the_maps_are_each_other_s_inverse_and_keep_distances(size: int, far: float) -> None:
    origin, v = points(40, size, far), np.random.default_rng(1).normal(size=(40, size))
    z = exp_map(tensor(origin), tensor(v))
    precision = 3e-6 * np.exp(far)  # 1 - |z|^2 is known to 6e-8 and is as small as exp(-far)
    np.testing.assert_allclose(array(log_map(tensor(origin), z)), v, atol=precision + 1e-5)
    if far < 4:
        lengths = np.linalg.norm(v, axis=-1)
        np.testing.assert_allclose(distance(origin, array(z)), lengths, rtol=1e-3, atol=precision)


def test_from_the_centre_it_is_the_tangent_hyperbolic_of_half_the_length() -> None:
    z = exp_map(tensor([0.0, 0.0]), tensor([[1.2, 0.0], [0.0, 0.0], [0.0, -40.0]]))
    expected = [[np.tanh(0.6), 0.0], [0.0, 0.0], [0.0, -LONGEST]]
    np.testing.assert_allclose(array(z), expected, atol=1e-6)


@pytest.mark.parametrize("far", [0.0, 0.7, 2.0])
def test_density_of_one_dimension_integrates_to_1(far: float) -> None:
    law = WrappedNormal(tensor([[np.tanh(far / 2)]]), tensor([[-0.8]]))
    z, width = np.tanh(STEPS), (STEPS[1] - STEPS[0]) / np.cosh(STEPS) ** 2
    density = np.exp(array(law.log_prob(tensor(z[:, None, None])))[:, 0])
    assert np.sum(density * width) == pytest.approx(1.0, abs=1e-4)


@pytest.mark.backend
@pytest.mark.parametrize("far", [0.0, 0.7, 2.0])
def test_density_of_two_dimensions_integrates_to_1(far: float) -> None:
    law = WrappedNormal(tensor(points(1, 2, far)), tensor([[-0.8, 0.5]]))
    angle = np.linspace(0, np.pi, 300, endpoint=False)
    directions = np.stack([np.cos(angle), np.sin(angle)], -1)
    radius = np.tanh(STEPS[::4])
    grid = (radius[:, None, None] * directions).reshape(-1, 1, 2)
    ring = np.abs(radius) * 4 * (STEPS[1] - STEPS[0]) / np.cosh(STEPS[::4]) ** 2
    density = np.exp(array(law.log_prob(tensor(grid)))).reshape(len(radius), -1)
    total = np.sum(density.mean(-1) * ring) * np.pi
    assert total == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("size", [1, 3])
def test_density_at_the_centre(size: int) -> None:
    """N(0; 0, sigma^2), times 2^D for the volume of z: lambda at the centre is 2."""
    law = wrapped_normal(size, (8, 8, 1), scale=0.7).distribution(size, lambda images: None)
    expected = -size * (0.5 * np.log(2 * np.pi) + np.log(0.7)) + size * np.log(2.0)
    np.testing.assert_allclose(
        array(law.log_prob(tensor(np.zeros((1, size))))), expected, atol=1e-5
    )


@pytest.mark.backend
def test_a_draw_knows_its_density_and_the_log_map_agrees() -> None:
    law = WrappedNormal(tensor(points(50, 4, 2.0)), tensor(np.full((50, 4), -1.0)))
    z, log_q = law.sample_and_log_prob(seed(), (3,))
    assert tuple(z.shape) == (3, 50, 4)
    np.testing.assert_allclose(array(log_q), array(law.log_prob(z)), atol=2e-3)
    np.testing.assert_array_equal(array(law.sample(seed(), (3,))), array(z))


def test_tempered_it_draws_so_much_further_from_its_mean() -> None:
    mean = tensor(points(30, 2, 1.0))
    law = WrappedNormal(mean, tensor(np.full((30, 2), -1.0)))
    near, far = (log_map(mean, each.sample(seed())) for each in (law.tempered(0.5), law))
    np.testing.assert_allclose(2.0 * array(near), array(far), atol=1e-4)


@pytest.mark.parametrize("shift", [0.0, 1.5])
def test_kl_of_one_dimension_is_that_of_normals(shift: float) -> None:
    """A line is flat: with two laws along it, KL is 0.5 (s^2 + m^2 - 1 - log s^2)."""
    log_var, count = -1.0, 40_000
    law = WrappedNormal(tensor([[np.tanh(shift / 2)]]), tensor([[log_var]]))
    prior = wrapped_normal(1, (8, 8, 1)).distribution(1, lambda images: None)
    z, log_q = law.sample_and_log_prob(seed(), (count,))
    ratio = array(log_q - prior.log_prob(z))[:, 0]
    expected = 0.5 * (np.exp(log_var) + shift**2 - 1 - log_var)
    assert ratio.mean() == pytest.approx(expected, abs=4 * ratio.std() / np.sqrt(count))


@pytest.mark.backend
@pytest.mark.parametrize("far", [0.0, 6.0, 11.0, 30.0])
def test_near_the_rim_all_is_finite(far: float) -> None:
    """Densities of what is drawn there, and their gradients."""
    prior = wrapped_normal(3, (8, 8, 1)).distribution(3, lambda images: None)
    mean = np.minimum(np.tanh(far / 2), LONGEST) * points(20, 3, 50.0)

    def ratio(at: object) -> object:
        law = WrappedNormal(at, tensor(np.full((20, 3), 2.0)))
        z, log_q = law.sample_and_log_prob(seed(), (50,))
        return ops.sum(log_q - prior.log_prob(z))

    assert np.isfinite(array(ratio(tensor(mean))))
    z = array(WrappedNormal(tensor(mean), tensor(np.full((20, 3), 2.0))).sample(seed(), (50,)))
    assert np.linalg.norm(z, axis=-1).max() < 1.0
    assert np.isfinite(array(gradient(ratio, tensor(mean)))).all()


def test_at_its_mean_the_density_has_no_slope() -> None:
    mean = tensor(points(5, 3, 1.0))

    def log_prob(z: object) -> object:
        law = WrappedNormal(mean, tensor(np.zeros((5, 3))))
        # Less the volume of z, which has one.
        return ops.sum(law.log_prob(z) - 3.0 * ops.log(2.0 / (1.0 - ops.sum(z * z, -1))))

    np.testing.assert_allclose(array(gradient(log_prob, mean)), 0.0, atol=1e-4)


@pytest.mark.backend
def test_the_way_between_two_points_is_a_geodesic() -> None:
    latent = poincare(2)
    a, b = points(3, 2, 2.0).astype("float32")[:, None], np.float32([[[0.6, 0.3]]])
    way = latent.between(a, b, np.tile(np.linspace(0, 1, 5), (3, 1)))
    assert way.dtype == np.float32
    np.testing.assert_allclose(way[:, [0, -1]], np.stack([a[:, 0], [b[0, 0]] * 3], 1), atol=1e-5)
    legs = distance(way[:, 1:].astype("float64"), way[:, :-1].astype("float64"))
    np.testing.assert_allclose(legs.sum(-1), distance(a[:, 0], b[0]), rtol=1e-4)
    np.testing.assert_allclose(legs, legs.mean(-1, keepdims=True).repeat(4, -1), rtol=1e-3)
    straight = latent.between(-b, b, np.array([[0.5]], "float32"))
    np.testing.assert_allclose(straight, 0.0, atol=1e-6)


def test_a_mean_lies_in_its_vector_s_direction_and_stays_within_float32() -> None:
    features = keras.Input((2,))
    model = keras.Model(features, poincare(2).heads(features)["z_mean"])
    model.get_layer("encoder_mu").set_weights([np.eye(2), np.zeros(2)])
    vectors = np.array([[0.3, 0.4], [0.0, -3.0], [1e3, 0.0], [0.0, 0.0]])
    expected = np.tanh([0.25, 5.5 * np.tanh(3 / 11), 5.5, 0.0])[:, None]
    directions = [[0.6, 0.8], [0.0, -1.0], [1.0, 0.0], [0.0, 0.0]]
    np.testing.assert_allclose(array(model(tensor(vectors))), expected * directions, atol=2e-4)


def test_priors_of_other_spaces_are_refused_and_this_one_is_offered() -> None:
    with pytest.raises(vaekit.BuildError, match="'wrapped-normal'"):
        blueprint(latent="poincare", prior="uniform-sphere").build()
    with pytest.raises(vaekit.BuildError, match="'poincare'"):
        blueprint(prior="wrapped-normal").build()
