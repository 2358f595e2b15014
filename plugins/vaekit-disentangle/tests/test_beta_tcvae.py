"""beta-TCVAE on Gaussians whose information is known; its estimator over all batches."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from made_up_outputs import (
    arrays,
    batch_and_output,
    gaussian_total_correlation,
    normal_log_prob,
    output_of,
)
from parts import array, tensor
from vaekit_disentangle.beta_tcvae import aggregate_log_probs, beta_tcvae, stratified_log_weights

PARTS = ("weighted_mutual_information", "weighted_total_correlation", "weighted_dimension_wise_kl")
PLAIN = {"alpha": 1.0, "beta": 1.0, "gamma": 1.0}


def log_prob_of_each(output):
    """Log q(z_i|x_j), latent by latent, `(B, B, latent_dim)`."""
    mean, log_var = (array(part) for part in output.posterior)
    return normal_log_prob(array(output.z)[:, None], mean[None], log_var[None])


# --- the estimator


@pytest.mark.parametrize(
    ("size", "total"), [(2, 2), (2, 100), (7, 7), (7, 20), (1, 20), (1, 1), (1, 0), (8, 3)]
)
def test_weights_of_each_image_add_up_to_one(size, total):
    weights = np.exp(array(stratified_log_weights(size, total)))
    assert weights.shape == (size, size)
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-5)
    if size > 1:
        np.testing.assert_allclose(np.diag(weights), 1 / max(size, total), rtol=1e-5)


def test_weights_are_the_papers_averaged_over_who_comes_last():
    size, total = 5, 30
    others = size - 1
    papers = np.full(others, 1 / others)
    papers[-1] = (total - others) / (total * others)
    weights = np.exp(array(stratified_log_weights(size, total)))
    np.testing.assert_allclose(weights[0, 1:], papers.mean(), rtol=1e-5)


@pytest.mark.parametrize("size", [2, 3, 6])
def test_estimate_of_q_is_unbiased_over_all_batches(size):
    """Image 0 with each choice of the others, out of a data set of 6."""
    total = 6
    rng = np.random.default_rng(3)
    mean, log_var, z = rng.normal(size=(3, total, 2))
    exact = output_of(mean, log_var, z, total)
    each = log_prob_of_each(exact)[0]
    joints, marginals = [], []
    for others in combinations(range(1, total), size - 1):
        chosen = [0, *others]
        output = output_of(mean[chosen], log_var[chosen], z[chosen], total)
        joint, marginal = aggregate_log_probs(output)
        joints.append(np.exp(array(joint)[0]))
        marginals.append(np.exp(array(marginal)[0]))
    np.testing.assert_allclose(np.mean(joints), np.exp(each.sum(axis=-1)).mean(), rtol=1e-5)
    np.testing.assert_allclose(np.mean(marginals, axis=0), np.exp(each).mean(axis=0), rtol=1e-5)


def test_estimate_is_exact_where_the_batch_is_the_data_set():
    _, output = batch_and_output(size=9, dataset_size=9)
    each = log_prob_of_each(output)
    joint, marginals = aggregate_log_probs(output)
    expected = np.log(np.exp(each.sum(axis=-1)).mean(axis=1))
    np.testing.assert_allclose(array(joint), expected, rtol=1e-4, atol=1e-5)
    expected = np.log(np.exp(each).mean(axis=1))
    np.testing.assert_allclose(array(marginals), expected, rtol=1e-4, atol=1e-5)


# --- the terms


@pytest.mark.parametrize("size", [1, 2, 7])
@pytest.mark.parametrize("dataset_size", [1, 7, 1000])
def test_parts_add_up_to_the_kl_at_the_sample(size, dataset_size):
    x, output = batch_and_output(size=size, dataset_size=dataset_size)
    terms = arrays(beta_tcvae(**PLAIN)(x, output))
    mean, log_var = (array(part) for part in output.posterior)
    z = array(output.z)
    expected = (normal_log_prob(z, mean, log_var) - normal_log_prob(z)).sum(axis=1)
    np.testing.assert_allclose(sum(terms[name] for name in PARTS), expected, rtol=1e-4, atol=1e-4)


def test_parts_are_the_closed_forms_of_a_gaussian():
    """Means from N(0, S) and posteriors of covariance v I make the aggregate N(0, S + v I)."""
    count, variance = 2000, 0.3
    means = np.array([[1.0, 0.7], [0.7, 1.5]])
    aggregate = means + variance * np.eye(2)
    rng = np.random.default_rng(0)
    mean = rng.multivariate_normal(np.zeros(2), means, count)
    z = mean + np.sqrt(variance) * rng.normal(size=mean.shape)
    output = output_of(mean, np.full_like(mean, np.log(variance)), z, count)
    x = tensor(np.zeros((count, 3, 2, 1)))
    terms = {name: term.mean() for name, term in arrays(beta_tcvae(**PLAIN)(x, output)).items()}
    information = 0.5 * (np.linalg.slogdet(aggregate)[1] - 2 * np.log(variance))
    total_correlation = gaussian_total_correlation(aggregate)
    variances = np.diag(aggregate)
    dimension_wise = 0.5 * (variances - 1 - np.log(variances)).sum()
    assert information > 1
    assert total_correlation > 0.1
    assert terms["weighted_mutual_information"] == pytest.approx(information, abs=0.05)
    assert terms["weighted_total_correlation"] == pytest.approx(total_correlation, abs=0.03)
    assert terms["weighted_dimension_wise_kl"] == pytest.approx(dimension_wise, abs=0.06)


def test_a_posterior_that_ignores_the_image_tells_nothing():
    """All posteriors alike: no mutual information, no total correlation, whatever the batch."""
    rng = np.random.default_rng(1)
    mean, log_var = (np.tile(rng.normal(size=3), (6, 1)) for _ in range(2))
    output = output_of(mean, log_var, rng.normal(size=(6, 3)), 50)
    terms = arrays(beta_tcvae()(tensor(np.zeros((6, 3, 2, 1))), output))
    np.testing.assert_allclose(terms["weighted_mutual_information"], 0, atol=1e-4)
    np.testing.assert_allclose(terms["weighted_total_correlation"], 0, atol=1e-4)


def test_far_apart_posteriors_tell_the_images_number():
    """Posteriors that don't overlap tell log N nats of the image, and stay finite."""
    mean = 1000.0 * np.arange(5)[:, None] * np.ones((1, 2))
    output = output_of(mean, np.full_like(mean, -10.0), mean, 5)
    terms = arrays(beta_tcvae(**PLAIN)(tensor(np.zeros((5, 3, 2, 1))), output))
    np.testing.assert_allclose(terms["weighted_mutual_information"], np.log(5), rtol=1e-4)
    # Both latents tell the same, so one of them is redundant.
    np.testing.assert_allclose(terms["weighted_total_correlation"], np.log(5), rtol=1e-4)


@pytest.mark.parametrize(
    ("option", "part"), list(zip(("alpha", "beta", "gamma"), PARTS, strict=True))
)
def test_each_weight_scales_its_own_term(option, part):
    x, output = batch_and_output()
    plain = arrays(beta_tcvae(**PLAIN)(x, output))
    changed = arrays(beta_tcvae(**{**PLAIN, option: 2.5})(x, output))
    for name, term in plain.items():
        expected = 2.5 * term if name == part else term
        np.testing.assert_allclose(changed[name], expected, rtol=1e-6)


def test_the_total_correlation_is_weighted_sixfold_unless_told():
    x, output = batch_and_output()
    plain, default = (arrays(loss(x, output)) for loss in (beta_tcvae(**PLAIN), beta_tcvae()))
    for name, term in plain.items():
        expected = 6 * term if name == "weighted_total_correlation" else term
        np.testing.assert_allclose(default[name], expected, rtol=1e-6)


def test_the_order_of_the_batch_changes_nothing():
    x, output = batch_and_output()
    order = np.random.default_rng(0).permutation(7)
    turned = output_of(
        *(array(part)[order] for part in output.posterior), array(output.z)[order], 20
    )
    terms, other = arrays(beta_tcvae()(x, output)), arrays(beta_tcvae()(x, turned))
    for name in PARTS:
        np.testing.assert_allclose(other[name], terms[name][order], rtol=1e-4, atol=1e-5)
