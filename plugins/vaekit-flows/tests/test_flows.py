"""The flows against autodiff, their inverses and their densities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import pytest
from autodiff import jacobian
from parts import array, tensor
from vaekit_flows.flow_distribution import FlowDistribution
from vaekit_flows.flow_latent import FlowLatent
from vaekit_flows.iaf import iaf
from vaekit_flows.maf import maf
from vaekit_flows.planar import planar
from vaekit_flows.radial import radial
from vaekit_flows.realnvp import realnvp
from vaekit_flows.sylvester import sylvester

POSTERIORS = {"iaf": iaf, "planar": planar, "radial": radial, "sylvester": sylvester}
PRIORS = {"maf": maf, "realnvp": realnvp}
FEATURES = 3


def parameters_of(latent: FlowLatent, images: int = 1, scale: float = 1.0) -> Mapping[str, Any]:
    """Parameters of `images` random features, of this spread."""
    keras.utils.set_random_seed(4)
    features = keras.Input((FEATURES,))
    heads = latent.heads(features)
    model = keras.Model(features, list(heads.values()))
    values = np.random.default_rng(1).normal(size=(images, FEATURES), scale=scale)
    return dict(zip(heads, model(tensor(values)), strict=True))


def posterior(name: str, dim: int, images: int = 1, scale: float = 1.0, **options: Any) -> Any:
    """The law of each image by a posterior of this name."""
    keras.utils.set_random_seed(4)
    latent = POSTERIORS[name](dim, **options)
    return latent.posterior(parameters_of(latent, images, scale))


def prior(name: str, dim: int, **options: Any) -> FlowDistribution:
    """The law by a prior of this name, its weights as they begin."""
    keras.utils.set_random_seed(4)
    return PRIORS[name](dim, (8, 8, 1), **options).distribution(dim, lambda images: None)


LAWS = {
    **{name: lambda dim, name=name: posterior(name, dim, scale=3.0) for name in POSTERIORS},
    **{name: lambda dim, name=name: prior(name, dim) for name in PRIORS},
}
every_law = pytest.mark.parametrize("name", LAWS)
INVERTIBLE = ("iaf", *PRIORS)


def start(dim: int, count: int = 1) -> np.ndarray:
    return np.random.default_rng(2).normal(size=(count, dim), scale=2.0)


@pytest.mark.backend
@every_law
def test_log_determinant_is_that_of_autodiffs_jacobian(name: str) -> None:
    law = LAWS[name](4)

    def end(at: Any) -> Any:
        return law.flow(at[None], law.parameters)[0][0]

    z = start(4)
    _, log_det = law.flow(tensor(z), law.parameters)
    _, expected = np.linalg.slogdet(jacobian(end, z[0]))
    assert abs(expected) > 0.01
    assert array(log_det).item() == pytest.approx(expected, abs=2e-5)


@pytest.mark.parametrize("name", ["iaf", "maf"])
def test_a_step_looks_only_at_values_before(name: str) -> None:
    law = LAWS[name](4)
    chain = law.flow if name == "iaf" else law.flow._flow
    step = chain._flows[0]
    matrix = jacobian(lambda at: step(at[None], law.parameters)[0][0], start(4)[0])
    np.testing.assert_allclose(matrix, np.tril(matrix), atol=1e-7)
    assert (np.abs(matrix[np.tril_indices(4, -1)]) > 1e-6).all()
    assert (np.diag(matrix) > 0).all()


def test_a_coupling_keeps_every_second_value_and_goes_by_those_alone() -> None:
    step = prior("realnvp", 4).flow._flows[0]
    matrix = jacobian(lambda at: step(at[None], {})[0][0], start(4)[0])
    kept, moved = [1, 3], [0, 2]
    np.testing.assert_allclose(matrix[kept], np.eye(4)[kept], atol=1e-7)
    within = matrix[np.ix_(moved, moved)]
    np.testing.assert_allclose(within, np.diag(np.diag(within)), atol=1e-7)
    assert (np.abs(matrix[np.ix_(moved, kept)]) > 1e-6).all()


@pytest.mark.backend
@pytest.mark.parametrize("name", INVERTIBLE)
def test_inverse_leads_back_and_knows_the_density_of_a_draw(name: str) -> None:
    law = LAWS[name](4)
    z, log_prob = law.sample_and_log_prob(keras.random.SeedGenerator(0), (7,))
    np.testing.assert_allclose(array(law.log_prob(z)), array(log_prob), atol=1e-4)
    rows = z if len(z.shape) == 2 else z[:, 0]
    back, _ = law._through(law.flow.inverse, z)
    again, _ = law._through(law.flow, back)
    np.testing.assert_allclose(array(again), array(z), atol=1e-4)
    assert np.abs(array(back) - array(z)).max() > 0.1
    assert tuple(rows.shape) == (7, 4)


@pytest.mark.parametrize("name", INVERTIBLE)
def test_density_of_two_dimensions_integrates_to_1(name: str) -> None:
    law = LAWS[name](2)
    line = np.linspace(-20, 20, 401)
    grid = np.stack(np.meshgrid(line, line), -1).reshape(-1, 2)
    points = grid[:, None] if law.parameters else grid
    density = np.exp(array(law.log_prob(tensor(points))))
    assert density.sum() * (line[1] - line[0]) ** 2 == pytest.approx(1.0, abs=2e-3)


@pytest.mark.parametrize("name", ["planar", "radial", "sylvester"])
def test_without_an_inverse_the_density_is_known_of_draws_alone(name: str) -> None:
    """By draws: of those in a box of volume V, the mean of 1 / (V q(z)), others 0, is 1."""
    law = posterior(name, 2, scale=3.0)
    assert law.log_prob(tensor(np.zeros((1, 2)))) is None
    z, log_q = (array(v) for v in law.sample_and_log_prob(keras.random.SeedGenerator(0), (40_000,)))
    z, log_q = z[:, 0], log_q[:, 0]
    middle, half = np.median(z, axis=0), 0.5 * z.std(axis=0)
    near = (np.abs(z - middle) < half).all(-1)
    weights = np.where(near, np.exp(-log_q), 0.0) / np.prod(2 * half)
    assert weights.mean() == pytest.approx(1.0, abs=6 * weights.std() / 200)


@pytest.mark.parametrize("name", POSTERIORS)
def test_of_many_draws_each_goes_by_its_image(name: str) -> None:
    """Three images, five draws: the same as each image by itself."""
    law = posterior(name, 2, images=3)
    noise = np.random.default_rng(0).normal(size=(5, 3, 2))
    z = array(law.from_noise(tensor(noise)))
    assert z.shape == (5, 3, 2)
    for draw in range(5):
        np.testing.assert_allclose(z[draw], array(law.from_noise(tensor(noise[draw]))), atol=1e-5)
    z, log_q = law.sample_and_log_prob(keras.random.SeedGenerator(0), (5,))
    assert tuple(z.shape) == (5, 3, 2)
    assert tuple(log_q.shape) == (5, 3)


@pytest.mark.parametrize("name", POSTERIORS)
def test_without_steps_it_is_its_base(name: str) -> None:
    law, z = posterior(name, 3, steps=0), tensor(np.ones((2, 1, 3)))
    assert isinstance(law, FlowDistribution)
    np.testing.assert_allclose(array(law.log_prob(z)), array(law.base.log_prob(z)), rtol=1e-6)
