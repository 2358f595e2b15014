"""DIP-VAE's penalty against NumPy's covariance, and against a Gaussian's."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from made_up_outputs import arrays, batch_and_output, gradients, output_of
from parts import array, tensor
from vaekit_disentangle.dip_vae import covariance, dip_vae


def expected_covariance(kind, output):
    mean, log_var = (array(part) for part in output.posterior)
    of_means = np.cov(mean, rowvar=False, bias=True).reshape(mean.shape[1], mean.shape[1])
    return of_means + (np.diag(np.exp(log_var).mean(axis=0)) if kind == "II" else 0)


def expected_penalty(latent_covariance, lambda_od, lambda_d):
    off = (latent_covariance**2).sum() - (np.diag(latent_covariance) ** 2).sum()
    return lambda_od * off + lambda_d * ((np.diag(latent_covariance) - 1) ** 2).sum()


@pytest.mark.parametrize("kind", ["I", "II"])
@pytest.mark.parametrize("latents", [1, 3])
def test_covariance_is_numpys(kind, latents):
    _, output = batch_and_output(size=12, latents=latents)
    np.testing.assert_allclose(
        array(covariance(kind, output)), expected_covariance(kind, output), rtol=1e-5, atol=1e-6
    )


def test_covariance_of_z_is_the_aggregates():
    """Means from N(0, S) and posteriors of covariance v I make the aggregate N(0, S + v I)."""
    means = np.array([[1.0, 0.7], [0.7, 1.5]])
    mean = np.random.default_rng(0).multivariate_normal(np.zeros(2), means, 100_000)
    output = output_of(mean, np.full_like(mean, np.log(0.3)), mean)
    np.testing.assert_allclose(array(covariance("I", output)), means, atol=0.02)
    aggregate = means + 0.3 * np.eye(2)
    np.testing.assert_allclose(array(covariance("II", output)), aggregate, atol=0.02)


def test_covariance_keeps_its_digits_far_from_the_origin():
    rng = np.random.default_rng(0)
    mean = np.round(rng.normal(size=(64, 2)), 2)
    far = output_of(mean + 256.0, np.zeros_like(mean), mean)
    near = output_of(mean, np.zeros_like(mean), mean)
    np.testing.assert_allclose(
        array(covariance("I", far)), array(covariance("I", near)), rtol=1e-3, atol=1e-3
    )


@pytest.mark.parametrize("kind", ["I", "II"])
@pytest.mark.parametrize(("lambda_od", "lambda_d"), [(10.0, 100.0), (3.0, 0.0), (0.0, 2.0)])
def test_penalty_is_the_papers_and_the_same_for_each_image(kind, lambda_od, lambda_d):
    x, output = batch_and_output(size=12)
    loss = dip_vae(kind=kind, lambda_od=lambda_od, lambda_d=lambda_d)
    penalty = arrays(loss(x, output))["covariance_penalty"]
    assert penalty.shape == (12,)
    expected = expected_penalty(expected_covariance(kind, output), lambda_od, lambda_d)
    np.testing.assert_allclose(penalty, expected, rtol=1e-4)


@pytest.mark.parametrize(("kind", "share"), [("I", 10.0), ("II", 1.0)])
def test_lambda_d_follows_lambda_od_unless_told(kind, share):
    x, output = batch_and_output()
    for lambda_od in (10.0, 2.0):
        stated = dip_vae(kind=kind, lambda_od=lambda_od, lambda_d=share * lambda_od)
        default = dip_vae(kind=kind, lambda_od=lambda_od)
        np.testing.assert_array_equal(
            *(arrays(loss(x, output))["covariance_penalty"] for loss in (stated, default))
        )


def test_the_identity_costs_nothing():
    """Four corners of a square have covariance I; posteriors of no width add none."""
    mean = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    output = output_of(mean, np.full_like(mean, -80.0), mean)
    x = tensor(np.zeros((4, 3, 2, 1)))
    for kind in ("I", "II"):
        penalty = arrays(dip_vae(kind=kind)(x, output))["covariance_penalty"]
        np.testing.assert_allclose(penalty, 0, atol=1e-6)


@pytest.mark.parametrize("kind", ["I", "II"])
def test_gradient_of_the_mean_term_is_the_regularisers(kind):
    """Against finite differences in NumPy: spreading it over the images loses nothing."""
    x, output = batch_and_output(size=5, latents=2)
    mean = keras.Variable(array(output.posterior.z_mean).astype("float32"))
    loss = dip_vae(kind=kind, lambda_od=2.0, lambda_d=3.0)

    def value():
        posterior = output.posterior._replace(z_mean=keras.ops.convert_to_tensor(mean))
        terms = loss(x, output._replace(posterior=posterior))
        return keras.ops.mean(terms["covariance_penalty"])

    (gradient,) = gradients(value, [mean])
    start = array(output.posterior.z_mean)
    expected = np.zeros_like(start)
    for place in np.ndindex(*start.shape):
        for sign in (1, -1):
            moved = start.copy()
            moved[place] += sign * 1e-5
            matrix = np.cov(moved, rowvar=False, bias=True)
            if kind == "II":
                matrix += np.diag(np.exp(array(output.posterior.z_log_var)).mean(axis=0))
            expected[place] += sign * expected_penalty(matrix, 2.0, 3.0) / 2e-5
    np.testing.assert_allclose(array(gradient), expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("kind", ["I", "II"])
def test_one_image_has_finite_terms(kind):
    x, output = batch_and_output(size=1)
    assert all(np.isfinite(term).all() for term in arrays(dip_vae(kind=kind)(x, output)).values())
