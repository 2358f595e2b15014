"""Planar, radial and Sylvester steps: their papers' formulas, and what keeps them invertible."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import pytest
import vaekit
from parts import array, blueprint, tensor
from vaekit_flows.flow import Flow
from vaekit_flows.planar import PlanarStep
from vaekit_flows.radial import RadialStep
from vaekit_flows.sylvester import SylvesterStep

DIM, IMAGES = 4, 200


def parameters_of(step: Flow, scale: float) -> Mapping[str, Any]:
    """Of random features, of this spread, one row an image."""
    keras.utils.set_random_seed(4)
    features = keras.Input((3,))
    heads = step.heads(features)
    model = keras.Model(features, list(heads.values()))
    values = np.random.default_rng(1).normal(size=(IMAGES, 3), scale=scale)
    return dict(zip(heads, model(tensor(values)), strict=True))


def made(step: Flow, scale: float) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Random z, what the step makes of it, and its parameters; its log-determinant is finite."""
    z = np.random.default_rng(2).normal(size=(IMAGES, DIM))
    parameters = parameters_of(step, scale)
    end, log_det = step(tensor(z), parameters)
    assert np.isfinite(array(log_det)).all()
    plain = {name.removeprefix("flow1_"): array(value) for name, value in parameters.items()}
    return z, array(end), plain


def softplus(x: np.ndarray) -> np.ndarray:
    return np.logaddexp(0.0, x)


@pytest.mark.parametrize("scale", [1.0, 8.0])
def test_planar_step_is_its_papers_with_its_constraint(scale: float) -> None:
    """u by Rezende and Mohamed, appendix A.1: w'u = log(1 + exp(w'u_before)) - 1 >= -1."""
    step = PlanarStep(DIM, "flow1")
    z, end, p = made(step, scale)
    np.testing.assert_allclose(np.linalg.norm(p["direction"], axis=-1), 1.0, atol=1e-5)
    w = np.exp(p["log_length"]) * p["direction"]
    before = (w * p["u"]).sum(-1, keepdims=True)
    assert (before < -1).any()  # else there would be nothing to constrain
    u = p["u"] + (softplus(before) - 1 - before) * w / (w * w).sum(-1, keepdims=True)
    assert ((w * u).sum(-1) >= -1 - 1e-6).all()
    expected = z + u * np.tanh((w * z).sum(-1, keepdims=True) + p["b"])
    np.testing.assert_allclose(end, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("scale", [1.0, 8.0])
def test_radial_step_is_its_papers_with_its_constraint(scale: float) -> None:
    """Beta by Rezende and Mohamed, appendix A.2: log(1 + exp(beta_before)) - alpha >= -alpha."""
    z, end, p = made(RadialStep(DIM, "flow1"), scale)
    alpha, beta = np.exp(p["log_alpha"]), softplus(p["beta"]) - np.exp(p["log_alpha"])
    assert (beta < 0).any()
    away = z - p["centre"]
    radius = np.linalg.norm(away, axis=-1, keepdims=True)
    np.testing.assert_allclose(end, z + beta * away / (alpha + radius), rtol=1e-4, atol=1e-4)
    assert (1 + beta / (alpha + radius) > 0).all()  # nothing passes the centre


@pytest.mark.parametrize("scale", [1.0, 8.0])
def test_sylvester_step_is_its_papers_with_an_orthogonal_matrix(scale: float) -> None:
    """z + Q R tanh(S Q'z + b), Q Q' = 1 to 1e-5, upper triangles with R_ii S_ii >= -1."""
    z, end, p = made(SylvesterStep(DIM, 3, "flow1"), scale)
    q = np.eye(DIM)
    for number in (1, 2, 3):
        v = p[f"v{number}"]
        q = q @ (np.eye(DIM) - 2 * v[:, :, None] * v[:, None])
    square = q @ q.transpose(0, 2, 1)
    np.testing.assert_allclose(square, np.tile(np.eye(DIM), (IMAGES, 1, 1)), atol=1e-5)
    r, s = p["r"], p["s"]
    for triangle in (r, s):
        np.testing.assert_array_equal(triangle, np.triu(triangle))
    assert (np.diagonal(r, axis1=1, axis2=2) * np.diagonal(s, axis1=1, axis2=2) >= -1).all()
    inner = np.tanh(np.einsum("nij,nkj,nk->ni", s, q, z) + p["b"])
    np.testing.assert_allclose(end, z + np.einsum("nij,njk,nk->ni", q, r, inner), atol=1e-3)


@pytest.mark.parametrize("latent", ["planar", "radial", "sylvester"])
def test_a_prior_that_asks_for_densities_elsewhere_is_refused(latent: str) -> None:
    with pytest.raises(vaekit.BuildError, match=f"'{latent}' with the prior 'vamp'.*Leave out"):
        blueprint(latent=latent, prior="vamp", prior_opt={"inputs": 3}).build()


def test_densities_of_a_batch_of_laws_at_a_batch_of_points() -> None:
    """As mixtures ask for it, VampPrior's; IAF tells them."""
    vae = blueprint(latent="iaf", prior="vamp", prior_opt={"inputs": 3}).build().vae
    law = vae.prior_distribution()
    assert array(law.log_prob(tensor(np.ones((5, 4))))).shape == (5,)
    assert array(law.sample(keras.random.SeedGenerator(0), (6,))).shape == (6, 4)
