"""FactorVAE: the term of a known discriminator, and what the discriminator is trained on."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from made_up_outputs import (
    arrays,
    batch_and_output,
    gaussian_log_prob,
    gaussian_total_correlation,
    gradients,
    normal_log_prob,
    output_of,
)
from parts import array, tensor
from vaekit_disentangle.factor_vae import factor_vae, permute_dimensions

COVARIANCE = np.array([[1.0, 0.8, 0.0], [0.8, 1.0, 0.0], [0.0, 0.0, 1.0]])
SMALL = {"discriminator_layers": 2, "discriminator_units": 32}


def draws(count, seed=0):
    return np.random.default_rng(seed).multivariate_normal(np.zeros(3), COVARIANCE, count)


def optimal(z):
    """Logits of the discriminator that knows N(0, COVARIANCE) and its marginals."""
    joint = gaussian_log_prob(array(z), COVARIANCE)
    return tensor(np.stack([joint, normal_log_prob(array(z)).sum(axis=1)], axis=1))


def output_at(z, adversary):
    return output_of(np.zeros_like(z), np.zeros_like(z), z, adversary=adversary)


def seed_of(number=0):
    return keras.random.SeedGenerator(number)


# --- the VAE's term


@pytest.mark.parametrize("gamma", [0.0, 1.0, 35.0])
def test_term_is_gamma_times_the_discriminators_log_ratio(gamma):
    z = draws(50)
    x = tensor(np.zeros((50, 3, 2, 1)))
    terms = arrays(factor_vae(gamma=gamma)(x, output_at(z, optimal)))
    assert list(terms) == ["reconstruction", "kl", "weighted_total_correlation"]
    expected = gaussian_log_prob(z, COVARIANCE) - normal_log_prob(z).sum(axis=1)
    np.testing.assert_allclose(
        terms["weighted_total_correlation"], gamma * expected, rtol=1e-4, atol=1e-4
    )


def test_its_mean_is_the_total_correlation_of_a_gaussian():
    z = draws(20_000)
    x = tensor(np.zeros((len(z), 3, 2, 1)))
    terms = arrays(factor_vae(gamma=1)(x, output_at(z, optimal)))
    expected = gaussian_total_correlation(COVARIANCE)
    assert expected > 0.5
    assert terms["weighted_total_correlation"].mean() == pytest.approx(expected, abs=0.02)


# --- the permutation


@pytest.mark.parametrize("size", [1, 2, 40])
def test_permutation_keeps_what_each_column_holds(size):
    z = np.random.default_rng(0).normal(size=(size, 3)).astype("float32")
    permuted = array(permute_dimensions(tensor(z), seed_of()))
    np.testing.assert_array_equal(np.sort(permuted, axis=0), np.sort(z, axis=0))


def test_permutation_makes_the_columns_independent():
    z = draws(5000)
    permuted = array(permute_dimensions(tensor(z), seed_of()))
    correlations = np.corrcoef(permuted, rowvar=False)
    np.testing.assert_allclose(correlations, np.eye(3), atol=0.05)
    assert not (permuted == z.astype("float32")).all(axis=0).any()


def test_permutation_goes_by_the_seed():
    z = tensor(draws(30))
    seed = seed_of(1)
    first, second = (array(permute_dimensions(z, seed)) for _ in range(2))
    again = array(permute_dimensions(z, seed_of(1)))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, array(permute_dimensions(z, seed_of(2))))


def test_all_permutations_are_as_likely():
    rows = tensor(np.tile(np.arange(3.0)[:, None], (1, 6000)))
    permuted = array(permute_dimensions(rows, seed_of())).T
    _, counts = np.unique(permuted, axis=0, return_counts=True)
    assert len(counts) == 6
    np.testing.assert_allclose(counts / 6000, 1 / 6, atol=0.02)


# --- the discriminator


def test_discriminator_is_the_papers_when_asked():
    loss = factor_vae(discriminator_layers=6, discriminator_units=1000)
    network = loss.adversary.build((8, 8, 1), 10)
    dense = [layer for layer in network.layers if isinstance(layer, keras.layers.Dense)]
    assert [layer.units for layer in dense] == [1000] * 6 + [2]
    assert network.input_shape == (None, 10)
    assert network.output_shape == (None, 2)
    leaky = [layer for layer in network.layers if isinstance(layer, keras.layers.LeakyReLU)]
    assert len(leaky) == 6
    optimizer = loss.adversary.optimizer()
    assert isinstance(optimizer, keras.optimizers.Adam)
    assert float(optimizer.learning_rate) == pytest.approx(1e-4)
    assert (optimizer.beta_1, optimizer.beta_2) == (0.5, 0.9)


def test_options_reach_the_discriminator():
    loss = factor_vae(
        discriminator_layers=2, discriminator_units=5, discriminator_learning_rate=0.01
    )
    network = loss.adversary.build((8, 8, 1), 4)
    assert network.count_params() == (4 * 5 + 5) + (5 * 5 + 5) + (5 * 2 + 2)
    assert float(loss.adversary.optimizer().learning_rate) == pytest.approx(0.01)
    assert loss.adversary.optimizer() is not loss.adversary.optimizer()


@pytest.mark.parametrize("size", [2, 3, 8, 9])
def test_cross_entropy_of_a_half_drawn_and_a_half_permuted(size):
    """The network is asked of the first half as it is, and of the second permuted."""
    calls = []

    def network(z):
        calls.append(array(z))
        return optimal(z)

    z = draws(size).astype("float32")
    adversary = factor_vae().adversary
    term = arrays(adversary(None, output_at(z, network), seed_of()))["discriminator"]
    assert term.shape == (size,)
    (codes,) = calls
    half = (size + 1) // 2
    np.testing.assert_array_equal(codes[:half], z[:half])
    np.testing.assert_array_equal(np.sort(codes[half:], axis=0), np.sort(z[half:], axis=0))
    log_ratio = gaussian_log_prob(codes, COVARIANCE) - normal_log_prob(codes).sum(axis=1)
    real = np.log1p(np.exp(-log_ratio[:half])).mean()
    permuted = np.log1p(np.exp(log_ratio[half:])).mean()
    assert term.mean() == pytest.approx((real + permuted) / 2, rel=1e-4)


@pytest.mark.parametrize("size", [1, 2, 3, 8])
def test_cross_entropy_is_log_2_of_who_can_not_tell(size):
    adversary = factor_vae().adversary
    output = output_at(draws(size), lambda z: keras.ops.zeros((size, 2)))
    term = arrays(adversary(None, output, seed_of()))["discriminator"].mean()
    # Of one image there is nothing to tell.
    assert term == pytest.approx(np.log(2) if size > 1 else 0)


def test_sure_discriminators_have_finite_terms():
    for logits in ([1e4, -1e4], [-1e4, 1e4]):
        constant_logits = tensor(np.tile(logits, (6, 1)))
        output = output_at(draws(6), lambda z, constant_logits=constant_logits: constant_logits)
        x = tensor(np.zeros((6, 3, 2, 1)))
        loss = factor_vae()
        for terms in (loss(x, output), loss.adversary(x, output, seed_of())):
            assert all(np.isfinite(term).all() for term in arrays(terms).values())


def test_trained_by_its_term_it_finds_the_total_correlation():
    """Draws of a fixed Gaussian: the discriminator learns the log-ratio that the VAE then uses."""
    seed = seed_of(5)
    keras.utils.set_random_seed(0)
    loss = factor_vae(gamma=1, discriminator_learning_rate=5e-3, **SMALL)
    network = loss.adversary.build((3, 2, 1), 3)
    optimizer = loss.adversary.optimizer()
    variables = network.trainable_variables
    optimizer.build(variables)
    for step in range(150):
        z = draws(512, seed=step)
        output = output_at(z, network)

        def value(output=output):
            return keras.ops.mean(loss.adversary(None, output, seed)["discriminator"])

        moves = gradients(value, variables)
        optimizer.apply(moves, variables)
    z = draws(10_000, seed=1000)
    terms = arrays(loss(tensor(np.zeros((len(z), 3, 2, 1))), output_at(z, network)))
    estimate = terms["weighted_total_correlation"].mean()
    assert estimate == pytest.approx(gaussian_total_correlation(COVARIANCE), abs=0.12)


def test_gradients_reach_each_weight_of_the_discriminator():
    loss = factor_vae(**SMALL)
    network = loss.adversary.build((3, 2, 1), 3)
    _, output = batch_and_output(adversary=network)
    seed = seed_of()

    def value():
        return keras.ops.mean(loss.adversary(None, output, seed)["discriminator"])

    for weight, gradient in zip(
        network.trainable_variables,
        gradients(value, network.trainable_variables),
        strict=True,
    ):
        assert np.isfinite(array(gradient)).all(), weight.path
        assert np.any(array(gradient)), weight.path
