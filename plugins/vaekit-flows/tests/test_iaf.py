"""The flow against autodiff, its inverse and its density."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from autodiff import jacobian
from parts import array, blueprint, tensor
from vaekit import distributions
from vaekit_flows.autoregressive_flow import AutoregressiveFlow, FlowPosterior

UNITS = 5


def flow(dim: int, steps: int = 2) -> AutoregressiveFlow:
    keras.utils.set_random_seed(4)
    return AutoregressiveFlow(dim, steps, UNITS, context=3)


def posterior(dim: int, steps: int = 2) -> FlowPosterior:
    mean, log_var = np.random.default_rng(0).normal(size=(2, 1, dim))
    context = tensor(np.random.default_rng(1).normal(size=(1, 3)))
    return FlowPosterior(
        distributions.DiagonalNormal(tensor(mean), tensor(log_var)), flow(dim, steps), context
    )


@pytest.mark.backend
def test_log_determinant_is_that_of_autodiffs_jacobian() -> None:
    of, z = posterior(4), np.random.default_rng(2).normal(size=4)

    def end(at: Any) -> Any:
        return of._through(of.flow, at[None])[0][0]

    _, log_det = of._through(of.flow, tensor(z[None]))
    sign, expected = np.linalg.slogdet(jacobian(end, z))
    assert sign == 1.0  # two turns of four values: an even permutation
    assert array(log_det).item() == pytest.approx(expected, abs=1e-5)


@pytest.mark.backend
def test_a_step_looks_only_at_values_before() -> None:
    of = posterior(4)
    step = of.flow._steps[0]
    matrix = jacobian(lambda at: step(at[None], of.context)[0][0], np.ones(4))
    np.testing.assert_allclose(matrix, np.tril(matrix), atol=1e-7)
    assert (np.abs(matrix[np.tril_indices(4, -1)]) > 1e-6).all()


@pytest.mark.backend
def test_inverse_leads_back_and_knows_the_density_of_a_draw() -> None:
    of = posterior(4)
    z, log_q = of.sample_and_log_prob(keras.random.SeedGenerator(0), (7,))
    assert tuple(z.shape) == (7, 1, 4)
    assert tuple(log_q.shape) == (7, 1)
    np.testing.assert_allclose(array(of.log_prob(z)), array(log_q), atol=2e-5)
    start, _ = of._through(of.flow.inverse, z)
    np.testing.assert_allclose(array(of._through(of.flow, start)[0]), array(z), atol=1e-5)


def test_density_of_two_dimensions_integrates_to_1() -> None:
    line = np.linspace(-9, 9, 241)
    grid = np.stack(np.meshgrid(line, line), -1).reshape(-1, 1, 2)
    density = np.exp(array(posterior(2).log_prob(tensor(grid))))
    assert density.sum() * (line[1] - line[0]) ** 2 == pytest.approx(1.0, abs=1e-3)


def test_without_steps_it_is_its_base() -> None:
    of, z = posterior(3, steps=0), tensor(np.ones((2, 1, 3)))
    np.testing.assert_allclose(array(of.log_prob(z)), array(of.base.log_prob(z)), rtol=1e-6)


def test_densities_of_a_batch_of_laws_at_a_batch_of_points() -> None:
    """As mixtures ask for it: VampPrior's."""
    vae = blueprint(latent="iaf", prior="vamp", prior_opt={"inputs": 3}).build().vae
    law = vae.prior_distribution()
    assert array(law.log_prob(tensor(np.ones((5, 4))))).shape == (5,)
    assert array(law.sample(keras.random.SeedGenerator(0), (6,))).shape == (6, 4)
