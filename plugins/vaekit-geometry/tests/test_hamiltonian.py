"""Trajectories: leapfrog steps, tempering, the bound that they leave, and the two latents."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import vaekit
from autodiff import gradient, jacobian
from keras import ops
from parts import IMAGES, array, blueprint, program, tensor, values
from vaekit import distributions
from vaekit.engine import compile_train
from vaekit_geometry.hamiltonian import hamiltonian
from vaekit_geometry.leapfrog import Leapfrog, Phase
from vaekit_geometry.riemannian import Riemannian, riemannian
from vaekit_geometry.riemannian_leapfrog import CentroidMetric, RiemannianLeapfrog
from vaekit_geometry.tempering import tempering_named

SIZES = tensor([0.05, 0.1])
DRAWS = 20_000


def potential(z: Any) -> Any:
    """A well that isn't round, with slopes of all orders."""
    return ops.sum(ops.cosh(z) + 0.3 * ops.sin(3.0 * z), axis=-1) + 0.5 * z[..., 0] * z[..., 1]


def metric(scale: float = 0.5) -> CentroidMetric:
    rng = np.random.default_rng(4)
    factors = scale * rng.normal(size=(6, 2, 2))
    squares = factors @ np.swapaxes(factors, -2, -1)
    return CentroidMetric(tensor(rng.normal(size=(6, 2))), tensor(squares), 0.8, 0.4)


LEAPFROGS = {"flat": Leapfrog(), "curved": RiemannianLeapfrog(metric())}


def phases() -> Phase:
    z, noise = np.random.default_rng(0).normal(size=(2, 20, 2))
    return Phase(tensor(z), tensor(noise))


@pytest.mark.backend
@pytest.mark.parametrize("name", LEAPFROGS)
def test_turned_round_it_leads_back(name: str) -> None:
    leapfrog, phase = LEAPFROGS[name], phases()
    for _ in range(2):
        for _ in range(3):
            phase = leapfrog.step(phase, potential, 0.5 * SIZES)
        phase = Phase(phase.z, -phase.momentum)
    atol = 1e-5 if name == "flat" else 2e-3  # of implicit equations, solved by iterations
    np.testing.assert_allclose(array(phase.z), array(phases().z), atol=atol)
    np.testing.assert_allclose(array(phase.momentum), array(phases().momentum), atol=atol)


@pytest.mark.backend
@pytest.mark.parametrize("name", LEAPFROGS)
def test_a_step_keeps_volumes(name: str) -> None:
    def step(both: Any) -> Any:
        phase = LEAPFROGS[name].step(Phase(both[None, :2], both[None, 2:]), potential, SIZES)
        return ops.concatenate([phase.z[0], phase.momentum[0]])

    matrix = jacobian(step, np.array([0.3, -0.7, 0.5, 1.1]))
    assert np.linalg.det(matrix) == pytest.approx(1.0, abs=1e-5 if name == "flat" else 1e-4)
    assert np.abs(matrix - np.eye(4)).max() > 0.03


@pytest.mark.backend
def test_it_keeps_energies_as_a_step_of_its_order_does() -> None:
    """Four times less is lost where steps are half as wide."""
    for leapfrog in LEAPFROGS.values():
        lost = []
        for steps in (4, 8):
            phase = phases()
            for _ in range(steps):
                phase = leapfrog.step(phase, potential, 0.4 / steps)
            energies = [potential(at.z) - leapfrog.log_prob(at) for at in (phases(), phase)]
            lost.append(np.abs(array(energies[1] - energies[0])).mean())
        assert lost[1] / lost[0] == pytest.approx(0.25, abs=0.05)


@pytest.mark.backend
def test_the_metric_is_positive_definite_and_the_momenta_are_of_it() -> None:
    z = np.random.default_rng(3).normal(size=(50, 2))
    inverse = array(metric().inverse(tensor(z)))
    assert np.linalg.eigvalsh(inverse).min() > 0.4 - 1e-6
    away = np.square(z[:, None] - array(metric().centroids)).sum(-1)
    expected = np.einsum("ni,iab->nab", np.exp(-away / 0.64), array(metric().squares))
    np.testing.assert_allclose(inverse, expected + 0.4 * np.eye(2), atol=1e-5)

    curved, point = LEAPFROGS["curved"], tensor(np.tile(z[:1], (DRAWS, 1)))
    noise = keras.random.normal((DRAWS, 2), seed=1)
    momentum = curved.momentum(point, noise)
    covariance = np.linalg.inv(inverse[0])
    np.testing.assert_allclose(
        np.cov(array(momentum).T), covariance, atol=0.05 * np.abs(covariance).max()
    )
    log_det = np.linalg.slogdet(2 * np.pi * covariance)[1]
    form = np.einsum("ni,ij,nj->n", array(momentum), inverse[0], array(momentum))
    told = array(curved.log_prob(Phase(point, momentum)))
    np.testing.assert_allclose(told, -0.5 * (log_det + form), atol=1e-4)


def test_the_metric_bends_as_its_energy_slopes() -> None:
    phase = phases()
    slope = gradient(lambda z: -LEAPFROGS["curved"].log_prob(Phase(z, phase.momentum)), phase.z)
    np.testing.assert_allclose(
        array(metric().bend(phase.z)(phase.momentum)), array(slope), rtol=1e-4, atol=1e-4
    )


def test_where_the_metric_is_the_unit_one_it_is_the_leapfrog() -> None:
    flat = CentroidMetric(tensor(np.zeros((3, 2))), tensor(np.zeros((3, 2, 2))), 0.8, 1.0)
    unit = RiemannianLeapfrog(flat)
    one, other = (f.step(phases(), potential, SIZES) for f in (LEAPFROGS["flat"], unit))
    for mine, theirs in zip(one, other, strict=True):
        np.testing.assert_allclose(array(mine), array(theirs), atol=1e-6)
    np.testing.assert_allclose(array(unit.log_prob(one)), array(Leapfrog().log_prob(one)), 1e-6)


def test_tempering_ends_at_1_and_the_free_one_begins_as_the_quadratic() -> None:
    none, quadratic, free = (
        np.array([float(array(scale)) for scale in tempering_named(name, 4, 0.3).scales()])
        for name in ("none", "quadratic", "free")
    )
    first = 0.3**-0.5
    np.testing.assert_allclose(none, 1.0)
    np.testing.assert_allclose(
        quadratic, [first + (1 - first) * (k / 4) ** 2 for k in range(5)], rtol=1e-5
    )
    np.testing.assert_allclose(free, quadratic, rtol=1e-5)


def given_of(latent: vaekit.Latent, *, lead: tuple[int, ...] = (DRAWS,)) -> vaekit.Given:
    """x = z_1 + z_2 + noise of variance 1/4, and x = 1.5."""

    def log_likelihood(z: Any) -> Any:
        x = tensor(1.5)
        return distributions.normal_log_prob(ops.sum(z, -1), x, np.log(0.25).astype("float32"))

    return vaekit.Given(
        keras.random.SeedGenerator(3),
        lead,
        False,
        distributions.StandardNormal(2),
        lambda images: {},
        log_likelihood,
    )


PARAMETERS = {
    "z_mean": tensor([[0.1, 0.3]]),
    "z_log_var": tensor([[-0.5, 0.2]]),
    "metric_factor": tensor([[0.1, 0.2, 0.3, 0.4]]),
}
LATENTS = {
    "no tempering": lambda: hamiltonian(2, step_size=0.2, tempering="none"),
    "quadratic": lambda: hamiltonian(2, step_size=0.2),
    "free": lambda: hamiltonian(2, step_size=0.2, steps=2, tempering="free", beta_zero=0.6),
    "riemannian": lambda: bent(riemannian(2, step_size=0.02, centroids=6)),
}


def bent(latent: Riemannian) -> Riemannian:
    latent.centroids.assign(metric().centroids)
    latent.squares.assign(metric().squares)
    latent.regularization = 0.4
    return latent


@pytest.mark.backend
@pytest.mark.parametrize("name", LATENTS)
def test_weights_of_draws_average_to_the_evidence(name: str) -> None:
    """E[p(x|z) p(z, r) / q(z, r|x)] = p(x) = N(1.5; 0, 2 + 1/4), whatever the steps are."""
    latent = LATENTS[name]()
    given = given_of(latent)
    draw = latent.infer(PARAMETERS, given)
    assert tuple(draw.z.shape) == (DRAWS, 1, 2)
    weights = np.exp(array(given.log_likelihood(draw.z) - draw.log_ratio))
    evidence = np.exp(-0.5 * (np.log(2 * np.pi * 2.25) + 1.5**2 / 2.25))
    assert weights.mean() == pytest.approx(evidence, abs=5 * weights.std() / np.sqrt(DRAWS))
    ratio = array(draw.log_ratio)
    assert float(array(draw.kl)[0, 0]) == pytest.approx(
        ratio.mean(), abs=5 * ratio.std() / np.sqrt(DRAWS)
    )


def test_steps_tighten_the_bound() -> None:
    latent, base = hamiltonian(2, step_size=0.3), hamiltonian(2, steps=0)
    bounds = []
    for each in (latent, base):
        given = given_of(each)
        draw = each.infer(PARAMETERS, given)
        kl = array(draw.kl).sum()
        bounds.append(array(given.log_likelihood(draw.z)).mean() - kl)
    evidence = -0.5 * (np.log(2 * np.pi * 2.25) + 1.5**2 / 2.25)
    assert bounds[1] + 0.5 < bounds[0] < evidence


def test_riemannian_with_the_unit_metric_is_hamiltonian() -> None:
    latents = hamiltonian(2, step_size=0.2), riemannian(2, step_size=0.2, regularization=1.0)
    one, other = (latent.infer(PARAMETERS, given_of(latent, lead=(7,))) for latent in latents)
    np.testing.assert_allclose(array(one.z), array(other.z), atol=1e-5)
    np.testing.assert_allclose(array(one.log_ratio), array(other.log_ratio), atol=1e-4)
    np.testing.assert_allclose(array(one.kl), array(other.kl), atol=1e-4)


def test_without_steps_it_is_the_vae() -> None:
    batches = np.arange(32, dtype="int32").reshape(4, 8)
    runs = [
        program(loss="elbo", latent=name, latent_opt=options)
        for name, options in (("hamiltonian", {"steps": 0}), ("normal", {}))
    ]
    rows = [compile_train(run, IMAGES)(batches) for run in runs]
    np.testing.assert_array_equal(*rows)
    for one, other in zip(*map(values, runs), strict=True):
        np.testing.assert_array_equal(one, other)


def test_its_centroids_are_the_newest_images_and_evaluation_keeps_them() -> None:
    run = program(loss="elbo", latent="riemannian", latent_opt={"centroids": 12, "steps": 1})
    latent = run.vae.latent
    assert not array(latent.squares).any()
    train = compile_train(run, IMAGES)
    train(np.arange(8, dtype="int32")[None])
    first = array(latent.centroids)
    assert np.abs(first[:8]).min() > 0
    assert not first[8:].any()
    train(np.arange(8, 16, dtype="int32")[None])
    np.testing.assert_allclose(array(latent.centroids)[8:], first[:4])
    assert np.linalg.eigvalsh(array(latent.squares)).min() > -1e-6
    run.eval_step(run.blank())
    np.testing.assert_allclose(array(latent.centroids)[8:], first[:4])


def test_a_loss_that_goes_by_a_normal_posterior_does_not_get_this_one() -> None:
    latent = hamiltonian(2)
    draw = latent.infer(PARAMETERS, given_of(latent, lead=()))
    assert not isinstance(draw.posterior, distributions.DiagonalNormal)
    assert draw.posterior.log_prob(draw.z) is None


class Distance(vaekit.Loss):
    posterior = prior = object

    def __call__(self, x: Any, output: vaekit.VAEOutput) -> dict[str, Any]:
        return {"distance": ops.mean(ops.abs(x - output.reconstruction), axis=(1, 2, 3))}


@pytest.mark.parametrize("name", ["hamiltonian", "riemannian"])
def test_a_loss_without_a_likelihood_is_refused(name: str) -> None:
    vaekit.register_loss("test-distance", Distance)
    with pytest.raises(
        vaekit.BuildError, match=rf"'{name}' goes by log p\(x\|z\).*Choose the loss '"
    ):
        blueprint(latent=name, loss="test-distance").build()
