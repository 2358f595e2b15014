"""Likelihoods against SciPy: they integrate or sum to 1, their means, gradients at the ends."""

from __future__ import annotations

import typing

import keras
import numpy as np
import pytest
from keras import ops
from scipy import integrate, stats

import vaekit
from vaekit import distributions
from vaekit.autodiff import gradient
from vaekit.distributions import (
    ContinuousBernoulli,
    DiscretizedLogistic,
    Laplace,
    LearnedGaussian,
    LogisticMixture,
    OptimalGaussian,
    ParameterLikelihood,
    PixelGaussian,
    likelihood_named,
)

pytestmark = [pytest.mark.backend, pytest.mark.quick]

NAMES = typing.get_args(distributions.LikelihoodName)
LEVELS = np.arange(256) / 255
SHAPE = (4, 3, 2)
LEAST = np.exp(-6)  # the least sigma


def tensor(values):
    return ops.convert_to_tensor(np.asarray(values, "float32"))


def array(values):
    return np.asarray(ops.convert_to_numpy(values), "float64")


def log_prob(law, x, parameters):
    return array(law.log_prob(tensor(x), tensor(parameters)))


def each_level(law, parameters, pixel=LEVELS):
    """Log-probabilities of images of one grey pixel each."""
    parameters = np.broadcast_to(parameters, (len(pixel), 1, 1, len(parameters)))
    return log_prob(law, np.reshape(pixel, (-1, 1, 1, 1)), parameters)


def mass(law, parameters, end=8.0):
    """The integral of a pixel's density; its law is within [-end, end]."""

    def density(x):
        return np.exp(each_level(law, parameters, np.array([x])))[0]

    return integrate.quad(density, -end, end, points=[0.0, 0.5, 1.0], limit=200)[0]


def images_and_parameters(law, seed=0, lead=(5,)):
    rng = np.random.default_rng(seed)
    channels = law.channels(SHAPE[-1]) if isinstance(law, ParameterLikelihood) else SHAPE[-1]
    x = rng.integers(0, 256, (5, *SHAPE)) / 255
    return x, rng.normal(0, 0.7, (*lead, *SHAPE[:-1], channels))


def test_laplace_is_scipys():
    law = Laplace(0.3)
    x, mean = images_and_parameters(law)
    expected = stats.laplace.logpdf(x, mean, 0.3).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(log_prob(law, x, mean), expected, rtol=1e-5)
    assert mass(law, [0.4]) == pytest.approx(1.0, abs=1e-6)


def test_learned_gaussian_begins_at_its_sigma_and_is_best_at_the_error():
    law = LearnedGaussian(0.3)
    x, mean = images_and_parameters(law)
    expected = stats.norm.logpdf(x, mean, 0.3).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(log_prob(law, x, mean), expected, rtol=1e-3)

    def slope_at(variance):
        law.log_sigma.assign(0.5 * np.log(variance))
        before = log_prob(law, x, mean).sum()
        law.log_sigma.assign_add(0.02)
        return log_prob(law, x, mean).sum() - before

    error = np.mean((x - mean) ** 2)  # of a pixel: the log-probabilities are sums
    assert slope_at(0.9 * error) > 0.0 > slope_at(1.1 * error)


def test_optimal_gaussian_takes_the_first_error_whole():
    law = OptimalGaussian()
    x, mean = images_and_parameters(law)
    law.follow(tensor(x), tensor(mean))
    error = np.mean((x - mean) ** 2)
    assert float(array(law.variance)) == pytest.approx(error, rel=1e-5)
    expected = stats.norm.logpdf(x, mean, np.sqrt(error)).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(log_prob(law, x, mean), expected, rtol=1e-5)


def test_pixel_gaussian_has_a_mean_and_a_sigma_of_each_value():
    law = PixelGaussian(0.2)
    x, parameters = images_and_parameters(law)
    logits, log_var = np.split(parameters, 2, axis=-1)
    mean = 1 / (1 + np.exp(-logits))
    sigma = np.sqrt(0.04 * np.exp(log_var) + LEAST**2)
    expected = stats.norm.logpdf(x, mean, sigma).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(log_prob(law, x, parameters), expected, rtol=1e-4)
    np.testing.assert_allclose(array(law.mean(tensor(parameters))), mean, atol=1e-6)
    assert mass(law, [0.3, 0.4]) == pytest.approx(1.0, abs=1e-5)


def logit(share):
    return np.log(share) - np.log1p(-share)


def test_continuous_bernoulli_at_a_tenth():
    law, at = ContinuousBernoulli(), [logit(0.1)]
    density = np.exp(each_level(law, at, np.zeros(1)))[0]
    assert density / 0.9 == pytest.approx(2.74653, abs=1e-5)
    assert float(array(law.mean(tensor(at)))[0]) == pytest.approx(0.33012, abs=1e-5)


@pytest.mark.parametrize("share", [1e-6, 0.1, 0.3775, 0.378, 0.4999, 0.5, 0.500001, 0.62, 0.99])
def test_continuous_bernoulli_is_a_density_and_its_mean_is_that(share):
    law, at = ContinuousBernoulli(), [logit(share)]
    grid = np.linspace(0, 1, 20_001)
    density = np.exp(each_level(law, at, grid))
    assert integrate.simpson(density, x=grid) == pytest.approx(1.0, abs=1e-5)
    mean = integrate.simpson(density * grid, x=grid)
    assert float(array(law.mean(tensor(at)))[0]) == pytest.approx(mean, abs=1e-5)


def test_continuous_bernoullis_gradient_is_the_error_of_its_mean():
    """d log p / d logit = x - mean: of any law of an exponential family, and at 1/2 too."""
    law = ContinuousBernoulli()
    logits = np.array([-40.0, -3.0, -0.51, -0.49, -1e-4, 0.0, 1e-4, 0.3, 2.0, 40.0])
    at = tensor(logits.reshape(-1, 1, 1, 1))
    for pixel in (0.0, 0.5, 1.0):
        slope = gradient(lambda v, p=pixel: ops.sum(law.log_prob(p * ops.ones_like(v), v)), at)
        np.testing.assert_allclose(array(slope), pixel - array(law.mean(at)), atol=2e-6)


LOCATIONS = np.array([-3.0, -1.0, -0.31, 0.0, 0.6, 1.0, 2.5])


@pytest.mark.parametrize("raw_scale", [-60.0, -2.0, 0.0, 1.0, 4.0])
def test_discretized_logistics_levels_sum_to_1_and_are_scipys(raw_scale):
    law = DiscretizedLogistic(0.1)
    scale = 0.1 * np.exp(raw_scale) + np.exp(-7) / 2
    for raw in LOCATIONS:
        probability = np.exp(each_level(law, [raw, raw_scale]))
        assert probability.sum() == pytest.approx(1.0, abs=2e-5)
        ends = np.concatenate([[-np.inf], (np.arange(255) + 0.5) / 255, [np.inf]])
        expected = np.diff(stats.logistic.cdf(ends, (1 + raw) / 2, scale))
        np.testing.assert_allclose(probability, expected, rtol=2e-3, atol=1e-6)
        mean = float(array(law.mean(tensor([raw, raw_scale])))[0])
        assert abs(mean - probability @ LEVELS) <= 0.5 / 255
        assert 0.0 <= mean <= 1.0


def test_discretized_logistic_knows_how_unlikely_a_far_level_is():
    """Where the difference of two sigmoids would be 0 in float32: log p falls in a line."""
    far = each_level(DiscretizedLogistic(0.001), [-1.0, 0.0], LEVELS[[100, 200]])
    scale = 0.001 + np.exp(-7) / 2
    assert far[0] - far[1] == pytest.approx(100 / 255 / scale, rel=1e-4)


def test_logistic_mixtures_levels_sum_to_1_also_of_colours():
    law = LogisticMixture(0.05, components=3)
    rng = np.random.default_rng(2)
    grey = rng.normal(0, 1, law.channels(1))
    probability = np.exp(each_level(law, grey))
    assert probability.sum() == pytest.approx(1.0, abs=2e-5)
    mean = float(array(law.mean(tensor(grey)))[0])
    assert mean == pytest.approx(probability @ LEVELS, abs=0.5 / 255)

    colour = rng.normal(0, 1, law.channels(2))
    pairs = np.stack(np.meshgrid(LEVELS, LEVELS, indexing="ij"), -1).reshape(-1, 1, 1, 2)
    probability = np.exp(log_prob(law, pairs, np.broadcast_to(colour, (len(pairs), 1, 1, 15))))
    assert probability.sum() == pytest.approx(1.0, abs=1e-4)
    table = probability.reshape(256, 256)
    marginals = np.outer(table.sum(1), table.sum(0))
    assert np.abs(table - marginals).sum() > 0.1  # the channels share their component
    means = array(law.mean(tensor(colour)))
    np.testing.assert_allclose(means, [table.sum(i) @ LEVELS for i in (1, 0)], atol=0.5 / 255)


def test_a_mixture_of_one_law_is_that_law():
    mixture, single = LogisticMixture(0.1, components=1), DiscretizedLogistic(0.1)
    x, parameters = images_and_parameters(single)
    of_one = np.concatenate([np.full((*parameters.shape[:-1], 1), 3.0), parameters], axis=-1)
    np.testing.assert_allclose(
        log_prob(mixture, x, of_one), log_prob(single, x, parameters), rtol=1e-5
    )


@pytest.mark.parametrize("name", NAMES)
def test_each_is_finite_with_its_gradient_at_the_ends_and_in_the_middle(name):
    law = likelihood_named(name, 0.1)
    channels = law.channels(1) if isinstance(law, ParameterLikelihood) else 1
    signs = np.resize([1.0, -1.0], channels)
    ends = [0.0, 0.5, 1.0] if law.scale == "mean" else [-60.0, 0.0, 60.0]
    for pixel in (0.0, 0.5, 1.0):
        for end in ends:
            at = tensor((end * signs).reshape(1, 1, 1, -1))
            x = tensor(np.full((1, 1, 1, 1), pixel))
            assert np.isfinite(array(law.log_prob(x, at))).all()
            slope = gradient(lambda v, x=x: ops.sum(law.log_prob(x, v)), at)
            assert np.isfinite(array(slope)).all()


@pytest.mark.parametrize("name", NAMES)
def test_each_takes_draws_in_front_and_says_what_it_is(name):
    law = likelihood_named(name, 0.1)
    x, parameters = images_and_parameters(law, lead=(3, 5))
    several = log_prob(law, x, parameters)
    assert several.shape == (3, 5)
    np.testing.assert_allclose(several[1], log_prob(law, x, parameters[1]), rtol=1e-6)
    assert law.describe(SHAPE)
    if isinstance(law, ParameterLikelihood):
        assert law.scale == "parameters"
        mean = array(law.mean(tensor(parameters)))
        assert mean.shape == (3, 5, *SHAPE)
        assert 0.0 <= mean.min() < mean.max() <= 1.0


@pytest.mark.parametrize("name", NAMES)
def test_a_sigma_without_effect_is_warned_of(name, recwarn):
    x, parameters = images_and_parameters(likelihood_named(name, 0.1))
    one, other = (log_prob(likelihood_named(name, s), x, parameters) for s in (0.1, 0.3))
    said = [w for w in recwarn if issubclass(w.category, vaekit.VaekitWarning)]
    assert bool(said) == np.array_equal(one, other)
    if said:
        assert f"sigma=0.3 changes nothing: the likelihood {name!r}" in str(said[0].message)


def test_variables_are_the_laws_own():
    learned, optimal = LearnedGaussian(0.1), OptimalGaussian()
    assert learned.log_sigma.trainable
    assert not optimal.variance.trainable
    assert isinstance(learned.log_sigma, keras.Variable)


@pytest.mark.parametrize("name", NAMES)
def test_draws_follow_the_law(name):
    """By Kolmogorov and Smirnov: 20,000 draws are within 0.0138 of their law in 999 of 1,000."""
    law = likelihood_named(name, 0.2)
    channels = law.channels(1) if isinstance(law, ParameterLikelihood) else 1
    parameters = np.random.default_rng(1).normal(0.4, 0.7, channels)
    repeated = np.broadcast_to(parameters, (20_000, 1, 1, channels))
    drawn = np.sort(array(law.sample(tensor(repeated), keras.random.SeedGenerator(3))).ravel())
    if getattr(law, "discrete", False):
        values = np.array([0.0, 1.0]) if name == "bernoulli" else LEVELS
        expected = np.cumsum(np.exp(each_level(law, parameters, values)))
        expected = expected[np.searchsorted(values, drawn - 1e-6)]
    else:
        ends = (0.0, 1.0) if name == "continuous-bernoulli" else (-6.0, 6.0)
        grid = np.linspace(*ends, 40_001)
        density = np.exp(each_level(law, parameters, grid))
        expected = np.interp(drawn, grid, integrate.cumulative_trapezoid(density, grid, initial=0))
    reached = np.searchsorted(drawn, drawn + 1e-6, side="right") / len(drawn)
    assert np.abs(reached - expected).max() < 0.0138
