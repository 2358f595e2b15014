"""Priors that are flows: what they learn, by class too, and what is saved of them."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import vaekit
from parts import array, tensor
from vaekit.model import variables_of
from vaekit_flows.maf import maf
from vaekit_flows.realnvp import realnvp

MEANS = np.array([[-2.0, -1.0], [2.0, -1.0], [0.0, 2.0]])
DEVIATION = 0.4


def mixture_draws(count: int, seed: int) -> np.ndarray:
    """Of three normals, as likely each."""
    rng = np.random.default_rng(seed)
    return MEANS[rng.integers(3, size=count)] + DEVIATION * rng.normal(size=(count, 2))


def mixture_log_prob(z: np.ndarray) -> np.ndarray:
    squares = ((z[:, None] - MEANS) ** 2).sum(-1) / DEVIATION**2
    each = np.exp(-0.5 * squares) / (2 * np.pi * DEVIATION**2)
    return np.log(each.mean(-1))


def gaussian_log_prob(z: np.ndarray, fitted_to: np.ndarray) -> np.ndarray:
    """By the normal that is likeliest for `fitted_to`."""
    mean, covariance = fitted_to.mean(0), np.cov(fitted_to.T)
    away = z - mean
    squares = np.einsum("ni,ij,nj->n", away, np.linalg.inv(covariance), away)
    return -0.5 * (squares + np.linalg.slogdet(2 * np.pi * covariance)[1])


class NegativeLogLikelihood(keras.Model):
    """-log p(z) of z `(B, 2)`, to be fitted as any model is."""

    def __init__(self, prior: vaekit.Prior) -> None:
        super().__init__()
        self.prior = prior
        for variable in variables_of(prior).trainable:
            self._track_variable(variable)

    def law(self) -> vaekit.Distribution:
        return self.prior.distribution(2, lambda images: None)

    def call(self, z: Any) -> Any:
        return -self.law().log_prob(z)


@pytest.mark.parametrize("factory", [maf, realnvp])
def test_learns_a_mixture_that_no_normal_fits(factory: Any) -> None:
    """Of held-out draws, it tells more than the best normal, by half of what the truth does."""
    keras.utils.set_random_seed(1)
    train, held_out = mixture_draws(4_000, seed=0), mixture_draws(2_000, seed=3)
    model = NegativeLogLikelihood(factory(2, (8, 8, 1), steps=4))
    model.compile(
        keras.optimizers.Adam(5e-3), lambda _, nats: keras.ops.mean(nats), steps_per_execution=20
    )
    model.fit(train, np.zeros(len(train)), batch_size=200, epochs=20, verbose=0)

    told = array(model.law().log_prob(tensor(held_out))).mean()
    truth, normal = mixture_log_prob(held_out).mean(), gaussian_log_prob(held_out, train).mean()
    assert truth - normal > 1.5
    assert told > normal + 0.5 * (truth - normal)
    assert told < truth + 0.05
    drawn = array(model.law().sample(keras.random.SeedGenerator(0), (2_000,)))
    near = (((drawn[:, None] - MEANS) ** 2).sum(-1) < (3 * DEVIATION) ** 2).mean(0)
    assert near.sum() > 0.75
    assert near.min() > 0.15


@pytest.mark.parametrize("factory", [maf, realnvp])
def test_each_class_has_a_normal_of_its_own_before_the_flow(factory: Any) -> None:
    """N(0, I) of all as it begins; moved, noise of one class starts where that class has it."""
    keras.utils.set_random_seed(1)
    prior = factory(2, (8, 8, 1), steps=2)
    codes = tensor(np.eye(3))
    noise = tensor(np.tile([[0.3, -0.2]], (3, 1)))
    begun = array(prior.distribution(2, lambda images: None, codes).from_noise(noise))
    np.testing.assert_allclose(begun, np.tile(begun[:1], (3, 1)), atol=1e-6)
    prior._mean_of_class.kernel.assign(MEANS)
    law = prior.distribution(2, lambda images: None, codes)
    plain = prior.distribution(2, lambda images: None)
    moved = array(law.from_noise(noise))
    np.testing.assert_allclose(
        moved, array(plain.from_noise(noise + tensor(MEANS))), rtol=1e-4, atol=1e-4
    )
    z, log_prob = law.sample_and_log_prob(keras.random.SeedGenerator(0), (5,))
    assert tuple(z.shape) == (5, 3, 2)
    np.testing.assert_allclose(array(law.log_prob(z)), array(log_prob), atol=1e-4)
