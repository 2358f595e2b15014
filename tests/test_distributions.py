"""KL, log-probabilities and samples against closed forms, SciPy and Monte Carlo."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from scipy import stats

from vaekit.distributions import (
    Bernoulli,
    Gaussian,
    Posterior,
    by_rows,
    kl_standard_normal,
    normal_log_prob,
    sample_normal,
)

pytestmark = [pytest.mark.backend, pytest.mark.quick]

DRAWS = 40_000


def tensor(values):
    return keras.ops.convert_to_tensor(np.asarray(values, "float32"))


def array(values):
    return np.asarray(keras.ops.convert_to_numpy(values), "float64")


def make_posterior(shape=(5, 3), seed=0):
    rng = np.random.default_rng(seed)
    mean, log_var = rng.normal(0, 1.5, shape), rng.uniform(-4, 1.5, shape)
    return Posterior(tensor(mean), tensor(log_var))


def drawn(posterior, samples=1, seed=11):
    return sample_normal(posterior, keras.random.SeedGenerator(seed), samples)


def test_kl_is_the_closed_form_between_two_normals():
    posterior = make_posterior()
    mean, log_var = array(posterior.z_mean), array(posterior.z_log_var)
    sigma, prior_mean, prior_sigma = np.exp(log_var / 2), 0.0, 1.0
    expected = (
        np.log(prior_sigma / sigma)
        + (sigma**2 + (mean - prior_mean) ** 2) / (2 * prior_sigma**2)
        - 0.5
    )
    kl = kl_standard_normal(posterior)
    assert tuple(kl.shape) == (5, 3)
    np.testing.assert_allclose(array(kl), expected, rtol=1e-5, atol=1e-6)


def test_kl_is_the_monte_carlo_mean_of_log_q_minus_log_p():
    posterior = make_posterior()
    z = drawn(posterior, DRAWS)
    log_q = array(normal_log_prob(z, posterior.z_mean, posterior.z_log_var))
    log_p = array(normal_log_prob(z, keras.ops.zeros_like(z)))
    gap = log_q - log_p
    error = gap.std(axis=0) / np.sqrt(DRAWS)
    kl = array(kl_standard_normal(posterior))
    assert (4 * error < 0.05 * kl + 0.05).all()  # or the next line would prove nothing
    assert (np.abs(gap.mean(axis=0) - kl) < 4 * error).all()


def test_kl_is_zero_at_the_prior_and_positive_elsewhere():
    prior = Posterior(tensor(np.zeros((2, 4))), tensor(np.zeros((2, 4))))
    np.testing.assert_array_equal(array(kl_standard_normal(prior)), 0)
    assert (array(kl_standard_normal(make_posterior((200, 2)))) > 0).all()


@pytest.mark.parametrize("log_var", [-3.0, 0.0, 1.2])
def test_normal_log_prob_is_scipys_for_one_log_variance(log_var):
    rng = np.random.default_rng(1)
    x, mean = rng.normal(size=(4, 6)), rng.normal(size=(4, 6))
    expected = stats.norm.logpdf(x, mean, np.exp(log_var / 2))
    given = normal_log_prob(tensor(x), tensor(mean), log_var)
    np.testing.assert_allclose(array(given), expected, rtol=1e-4, atol=1e-5)


def test_normal_log_prob_is_scipys_for_a_log_variance_each():
    rng = np.random.default_rng(2)
    x, mean = rng.normal(size=(4, 6)), rng.normal(size=(4, 6))
    log_var = rng.uniform(-2, 2, (4, 6))
    expected = stats.norm.logpdf(x, mean, np.exp(log_var / 2))
    given = normal_log_prob(tensor(x), tensor(mean), tensor(log_var))
    np.testing.assert_allclose(array(given), expected, rtol=1e-4, atol=1e-5)


def test_normal_log_prob_is_of_the_standard_normal_unless_told():
    x = np.linspace(-4, 4, 9)
    given = normal_log_prob(tensor(x), tensor(np.zeros(9)))
    np.testing.assert_allclose(array(given), stats.norm.logpdf(x), rtol=1e-5)


def binary_images(shape=(3, 5, 4, 2), seed=3):
    return np.random.default_rng(seed).integers(0, 2, shape)


def test_bernoulli_log_prob_is_scipys_on_binary_images():
    x = binary_images()
    logits = np.random.default_rng(4).normal(0, 3, x.shape)
    expected = stats.bernoulli.logpmf(x, 1 / (1 + np.exp(-logits))).sum(axis=(1, 2, 3))
    given = Bernoulli().log_prob(tensor(x), tensor(logits))
    assert tuple(given.shape) == (3,)
    np.testing.assert_allclose(array(given), expected, rtol=1e-5)


def test_bernoulli_log_prob_is_the_negative_cross_entropy_on_grey_images():
    rng = np.random.default_rng(5)
    x, logits = rng.random((2, 3, 3, 1)), rng.normal(0, 2, (2, 3, 3, 1))
    p = 1 / (1 + np.exp(-logits))
    expected = (x * np.log(p) + (1 - x) * np.log(1 - p)).sum(axis=(1, 2, 3))
    given = Bernoulli().log_prob(tensor(x), tensor(logits))
    np.testing.assert_allclose(array(given), expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("pixel", "logit", "expected"),
    [
        *[(1, 80, 0), (0, -80, 0), (0, 80, -80), (1, -80, -80)],
        *[(1, 1e4, 0), (0, -1e4, 0), (0, 1e4, -1e4), (1, -1e4, -1e4)],
    ],
)
def test_bernoulli_log_prob_is_stable_far_out(pixel, logit, expected):
    shape = (1, 2, 2, 1)
    given = Bernoulli().log_prob(tensor(np.full(shape, pixel)), tensor(np.full(shape, logit)))
    np.testing.assert_allclose(array(given), 4 * expected, rtol=1e-6, atol=1e-6)


def test_bernoulli_says_it_takes_logits_and_gaussian_means():
    assert Bernoulli().scale == "logits"
    assert Gaussian(1.0).scale == "mean"


@pytest.mark.parametrize("sigma", [0.05, 0.1, 1.0, 7.5])
def test_gaussian_log_prob_is_scipys(sigma):
    rng = np.random.default_rng(6)
    x, mean = rng.random((3, 5, 4, 2)), rng.random((3, 5, 4, 2))
    expected = stats.norm.logpdf(x, mean, sigma).sum(axis=(1, 2, 3))
    given = Gaussian(sigma).log_prob(tensor(x), tensor(mean))
    assert tuple(given.shape) == (3,)
    np.testing.assert_allclose(array(given), expected, rtol=1e-5)


@pytest.mark.parametrize("likelihood", [Bernoulli(), Gaussian(0.3)])
def test_a_leading_axis_of_samples_is_kept(likelihood):
    rng = np.random.default_rng(7)
    x, reconstructions = rng.random((2, 4, 3, 1)), rng.normal(size=(5, 2, 4, 3, 1))
    given = likelihood.log_prob(tensor(x), tensor(reconstructions))
    assert tuple(given.shape) == (5, 2)
    for row, reconstruction in zip(array(given), reconstructions, strict=True):
        one = likelihood.log_prob(tensor(x), tensor(reconstruction))
        np.testing.assert_allclose(row, array(one), rtol=1e-5)


def test_draws_have_the_posteriors_mean_and_deviation():
    posterior = make_posterior()
    z = array(drawn(posterior, DRAWS))
    mean, sigma = array(posterior.z_mean), np.exp(array(posterior.z_log_var) / 2)
    error = 4 * sigma / np.sqrt(DRAWS)
    assert (np.abs(z.mean(axis=0) - mean) < error).all()
    assert (np.abs(z.std(axis=0) - sigma) < error / np.sqrt(2)).all()


def test_draws_are_normal_and_independent_of_each_other():
    zeros = tensor(np.zeros((2, 2)))
    z = array(drawn(Posterior(zeros, zeros), DRAWS)).reshape(DRAWS, 4)
    assert stats.kstest(z[:, 0], "norm").pvalue > 1e-4
    correlation = np.corrcoef(z, rowvar=False) - np.eye(4)
    assert np.abs(correlation).max() < 4 / np.sqrt(DRAWS)


@pytest.mark.parametrize(("samples", "shape"), [(1, (5, 3)), (2, (2, 5, 3)), (7, (7, 5, 3))])
def test_draws_have_a_leading_axis_for_more_than_one(samples, shape):
    assert tuple(drawn(make_posterior(), samples).shape) == shape


def test_draws_are_a_function_of_the_seed():
    posterior = make_posterior()
    first = array(drawn(posterior, seed=1))
    np.testing.assert_array_equal(first, array(drawn(posterior, seed=1)))
    assert not np.array_equal(first, array(drawn(posterior, seed=2)))


def test_one_generator_draws_anew_each_time():
    posterior, seed = make_posterior(), keras.random.SeedGenerator(1)
    first, second = (array(sample_normal(posterior, seed)) for _ in range(2))
    assert (first != second).all()


@pytest.mark.parametrize("samples", [1, 3])
def test_draws_follow_mean_and_deviation_so_that_gradients_reach_both(samples):
    """z = mu + sigma eps with the same eps: dz/dmu is 1, dz/dsigma is eps."""
    mean, log_var = make_posterior()
    z = array(drawn(Posterior(mean, log_var), samples))
    moved = array(drawn(Posterior(mean + 2.0, log_var), samples))
    np.testing.assert_allclose(moved - z, 2, rtol=1e-5)
    wider = array(drawn(Posterior(mean, log_var + 2 * np.log(3.0)), samples))
    np.testing.assert_allclose(wider - array(mean), 3 * (z - array(mean)), rtol=1e-4, atol=1e-5)


def test_a_function_of_rows_takes_draws_in_front_and_each_against_every_law():
    """z of three images, and of one that goes to each of them, against NumPy's broadcasting."""
    rng = np.random.default_rng(0)
    matrices, shifts = rng.normal(size=(3, 2, 2)), rng.normal(size=(3, 2))

    def moved(z, parameters):
        assert z.shape[-1] == 2
        assert len(z.shape) == 2
        end = keras.ops.squeeze(parameters["matrix"] @ z[..., None], -1) + parameters["shift"]
        return end, keras.ops.sum(end, axis=-1)

    parameters = {"matrix": tensor(matrices), "shift": tensor(shifts)}
    for shape in ((3, 2), (5, 3, 2), (4, 5, 3, 2), (7, 1, 2)):
        z = rng.normal(size=shape)
        expected = np.einsum("nij,...nj->...ni", matrices, np.broadcast_to(z, (*shape[:-2], 3, 2)))
        expected = expected + shifts
        end, total = by_rows(moved, tensor(z), parameters)
        np.testing.assert_allclose(array(end), expected, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(array(total), expected.sum(-1), rtol=1e-4, atol=1e-5)

    (doubled,) = by_rows(lambda z, parameters: (2.0 * z,), tensor([1.0, 2.0]), {})
    np.testing.assert_array_equal(array(doubled), [2.0, 4.0])
