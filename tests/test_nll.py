"""Importance-sampled log p(x) against probabilistic PCA, where it is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

import vaekit
from tests.linear_model import linear_model, measured
from vaekit.default_plugins.metrics.importance_sampling import nll
from vaekit.default_plugins.metrics.log_weights import LogWeightSums

pytestmark = pytest.mark.usefixtures("registering")


@pytest.mark.backend
def test_with_the_exact_posterior_one_draw_is_exact():
    linear = linear_model()
    images = linear.images(7)
    exact = -linear.log_evidence(images).mean()
    of_one, of_more = (measured(nll(samples=k), linear, images) for k in (1, 103))
    assert of_one["nll"].value == pytest.approx(exact, abs=1e-4)
    assert of_one["elbo"].value == pytest.approx(-exact, abs=1e-4)
    assert "One draw" in of_one["nll"].note
    assert of_more["nll"].value == pytest.approx(exact, abs=1e-4)
    assert of_more["effective_draws"].value == pytest.approx(103, rel=1e-3)
    assert of_more["nll"].note == ""


@pytest.mark.backend
def test_with_another_posterior_it_rises_to_log_p_as_k_does():
    """The ELBO is below by KL(q || p(z|x)) = 0.5 shift^2 / variance, summed over dimensions."""
    shift = 0.3
    linear = linear_model(shift=shift)
    images = linear.images(200)
    exact = -linear.log_evidence(images)
    _, variance = linear.posterior(images)
    bounds = {k: measured(nll(samples=k), linear, images) for k in (1, 8, 1000)}
    gap = 0.5 * np.sum(shift**2 / variance)
    assert bounds[1000]["elbo"].value == pytest.approx(-exact.mean() - gap, abs=0.02)
    assert bounds[1]["nll"].value > bounds[8]["nll"].value + 0.1
    assert bounds[8]["nll"].value > bounds[1000]["nll"].value + 0.02
    assert bounds[1000]["nll"].value == pytest.approx(exact.mean(), abs=0.01)
    error = exact.std(ddof=1) / math.sqrt(200)
    assert bounds[1000]["nll"].error == pytest.approx(error, rel=0.05)


def test_the_mean_is_taken_before_the_logarithm():
    """Else it would stay at the ELBO, which is 0.69 nats away."""
    linear = linear_model(shift=0.3)
    images = linear.images(50)
    figures = measured(nll(samples=500), linear, images)
    assert -figures["nll"].value - figures["elbo"].value > 0.5


def test_a_k_that_is_too_small_says_so_and_half_of_it_is_worse():
    linear = linear_model(shift=1.5)
    images = linear.images(50)
    figures = measured(nll(samples=20), linear, images)
    assert "K isn't enough" in figures["nll"].note
    assert figures["effective_draws"].value < 5
    assert figures["nll_half_draws"].value > figures["nll"].value
    assert "K isn't enough" in figures["bits_per_dim"].note
    assert measured(nll(samples=1000), linear_model(shift=0.1), images)["nll"].note == ""


def test_bits_are_of_each_dimension_and_a_densitys_are_noted():
    linear = linear_model()
    images = linear.images(5)
    figures = measured(nll(samples=2), linear, images)
    assert figures["bits_per_dim"].value == pytest.approx(figures["nll"].value / (6 * math.log(2)))
    assert "density" in figures["bits_per_dim"].note


def test_draws_are_the_seeds_and_progress_tells_of_each():
    linear = linear_model(shift=0.3)
    images = linear.images(5)
    begun, done = [], []

    def progress(text, total):
        begun.append(total)
        return done.append

    measurement = vaekit.Measurement(linear.model, images, lambda: images, progress=progress)
    metric = nll(samples=120)
    figures = metric(measurement)
    assert begun == [sum(done)] == [600]
    assert metric(measurement) == figures
    assert metric(measurement._replace(seed=4)) != figures


def test_sums_of_chunks_are_those_of_the_whole():
    rng = np.random.default_rng(0)
    log_w = rng.normal(-800, 30, (40, 3))

    def sums(part):
        return np.stack(
            [
                np.logaddexp.reduce(part),
                np.logaddexp.reduce(2 * part),
                part.sum(axis=0),
            ],
            axis=-1,
        )[None]

    whole = LogWeightSums.of(sums(log_w), 40)
    parts = LogWeightSums.of(sums(log_w[:15]), 15) + LogWeightSums.of(sums(log_w[15:]), 25)
    shifted = np.exp(log_w - log_w.max(0))
    np.testing.assert_allclose(parts.log_mean, np.log(shifted.mean(0)) + log_w.max(0))
    np.testing.assert_allclose(parts.log_mean, whole.log_mean)
    np.testing.assert_allclose(parts.mean, log_w.mean(0))
    effective = shifted.sum(0) ** 2 / np.square(shifted).sum(0)
    np.testing.assert_allclose(parts.effective_draws, effective)
