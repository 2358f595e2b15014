"""Annealed importance sampling against probabilistic PCA, where log p(x) is known."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from tests.linear_model import linear_model, measured
from vaekit.default_plugins.metrics.annealed_importance_sampling import ais
from vaekit.default_plugins.metrics.annealing import temperatures
from vaekit.default_plugins.metrics.hamiltonian import transition
from vaekit.loops import random_loop

pytestmark = pytest.mark.usefixtures("registering")


@pytest.mark.backend
def test_the_bounds_bracket_log_p_and_meet():
    linear = linear_model(shift=2.0)  # the encoder has no part in it
    images = linear.images(24)
    exact = linear.log_evidence(images).mean()
    figures = measured(ais(steps=100, chains=8, leapfrog=3), linear, images)
    lower = figures["log_p_lower_bound"]
    assert exact - 0.2 < lower.value < exact + 0.05
    assert 0.4 < figures["acceptance"].value < 0.95
    assert figures["gap"].value == pytest.approx(0.0, abs=0.3)
    assert figures["gap"].note == ""


def test_with_few_steps_they_are_bounds_and_say_that_they_dont_meet():
    linear = linear_model()
    images = linear.images(60)
    exact = linear.log_evidence(images).mean()
    figures = measured(ais(steps=2, chains=1, leapfrog=2), linear, images)
    assert figures["log_p_lower_bound"].value < exact - 0.5
    assert figures["simulated_upper_bound"].value > figures["simulated_lower_bound"].value + 1
    assert "don't meet" in figures["gap"].note


def test_temperatures_rise_from_0_to_1_and_are_closest_at_the_ends():
    rises = np.diff(temperatures(100))
    assert temperatures(100)[[0, -1]].tolist() == temperatures(1).tolist() == [0.0, 1.0]
    assert rises.min() > 0
    assert rises[[0, -1]].max() < rises[50] / 5


@pytest.mark.backend
def test_transitions_leave_a_law_as_it_is():
    """Of N(1, diag(0.25, 4)), from draws of it: after 20 transitions, moments are the same."""
    seed = keras.random.SeedGenerator(0)
    mean, scale = 1.0, ops.convert_to_tensor(np.array([0.5, 2.0], "float32"))

    def log_density(z):
        return -0.5 * ops.sum(ops.square((z - mean) / scale), axis=-1)

    start = mean + scale * keras.random.normal((4, 1000, 2), seed=seed)
    size = ops.full((1000,), 0.6)

    def step(number, state):
        z, total = state
        z, acceptance = transition(log_density, z, size, 3, seed)
        return z, total + ops.mean(acceptance)

    z, total = random_loop(20, step, (start, ops.zeros(())), seed)
    z = ops.convert_to_numpy(z).reshape(-1, 2)
    assert 0.5 < float(total) / 20 < 0.99
    assert np.abs(ops.convert_to_numpy(start).reshape(-1, 2) - z).mean() > 0.3
    np.testing.assert_allclose(z.mean(0), mean, atol=0.12)  # four errors of the wider
    np.testing.assert_allclose(z.std(0), [0.5, 2.0], rtol=0.05)


@pytest.mark.backend
def test_a_loop_draws_anew_in_each_step_and_after_it():
    seed = keras.random.SeedGenerator(0)

    def step(number, state):
        (values,) = state
        drawn = keras.random.normal((1, 1), seed=seed)
        return (ops.scatter_update(values, ops.reshape(number, (1, 1)), drawn[0]),)

    (values,) = random_loop(5, step, (ops.zeros((5,)),), seed)
    after = keras.random.normal((1,), seed=seed)
    values = [*ops.convert_to_numpy(values), *ops.convert_to_numpy(after)]
    assert len({float(value) for value in values}) == 6
