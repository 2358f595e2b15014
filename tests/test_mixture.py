"""Mixtures over z, and the priors that are mixtures, against NumPy, quadrature and frequencies."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops
from scipy import stats

from tests.parts import make_program, make_vae, some_images
from tests.small_nets import SMALL_NETS
from vaekit.default_plugins.priors.mixture import MixturePrior
from vaekit.default_plugins.priors.vamp import VampPrior
from vaekit.distributions import (
    DiagonalNormal,
    Distribution,
    FullNormal,
    Mixture,
    StandardNormal,
)
from vaekit.engine import compile_train
from vaekit.model import prior_model

pytestmark = pytest.mark.backend

DRAWS = 40_000
WEIGHTS = np.array([0.5, 0.2, 0.3])


def tensor(values):
    return ops.convert_to_tensor(np.asarray(values, "float32"))


def array(values):
    return np.asarray(ops.convert_to_numpy(values), "float64")


def seed(number=11):
    return keras.random.SeedGenerator(number)


def parameters(size, start=0):
    random = np.random.default_rng(start)
    return random.normal(0, 2.0, (3, size)), random.uniform(-2, 0.5, (3, size))


def mixture(size, weights=WEIGHTS):
    mean, log_var = parameters(size)
    return Mixture(DiagonalNormal(tensor(mean), tensor(log_var)), tensor(np.log(weights)))


def density(z, size, weights=WEIGHTS):
    """p(z) of points `(..., size)` by a direct sum over components."""
    mean, log_var = parameters(size)
    each = stats.norm.pdf(z[..., None, :], mean, np.exp(log_var / 2)).prod(axis=-1)
    return (weights * each).sum(axis=-1)


@pytest.mark.parametrize("lead", [(), (7,)], ids=["a draw", "draws"])
def test_the_density_is_the_weighted_sum_of_its_components(lead):
    z = np.random.default_rng(1).normal(size=(*lead, 5, 2))
    log_prob = array(mixture(2).log_prob(tensor(z)))
    np.testing.assert_allclose(log_prob, np.log(density(z, 2)), rtol=1e-4)


def test_images_may_have_weights_of_their_own():
    weights = np.array([[0.5, 0.2, 0.3], [1.0, 0.0, 0.0], [0.1, 0.1, 0.8]])
    z = np.random.default_rng(2).normal(size=(4, 3, 2))
    with np.errstate(divide="ignore"):
        law = mixture(2, weights)
    expected = np.log(density(z, 2, weights))
    np.testing.assert_allclose(array(law.log_prob(tensor(z))), expected, rtol=1e-4)
    drawn = array(law.sample(seed(), (DRAWS,)))
    assert drawn.shape == (DRAWS, 3, 2)
    expected = weights @ parameters(2)[0]
    assert np.abs(drawn.mean(axis=0) - expected).max() < 5 * 3 / np.sqrt(DRAWS)


@pytest.mark.parametrize("size", [1, 2])
def test_the_density_integrates_to_one(size):
    axis, step = np.linspace(-12, 12, 481, retstep=True)
    points = np.stack(np.meshgrid(*[axis] * size, indexing="ij"), axis=-1).reshape(-1, size)
    values = np.exp(array(mixture(size).log_prob(tensor(points))))
    assert values.sum() * step**size == pytest.approx(1.0, abs=1e-4)


def test_far_out_the_density_is_of_the_nearest_and_finite():
    z = np.full((1, 2), 60.0)
    log_prob = array(mixture(2).log_prob(tensor(z)))
    mean, log_var = parameters(2)
    each = stats.norm.logpdf(z[:, None], mean, np.exp(log_var / 2)).sum(-1) + np.log(WEIGHTS)
    assert log_prob[0] == pytest.approx(each.max(), rel=1e-5)


def test_draws_have_the_weights_as_proportions_and_the_components_moments():
    law = Mixture(
        DiagonalNormal(tensor([[-50.0], [0.0], [50.0]]), tensor([[0.0], [-2.0], [1.0]])),
        tensor(np.log(WEIGHTS)),
    )
    for z in (
        array(law.sample(seed(), (DRAWS,))),
        array(law.from_noise(keras.random.normal((DRAWS, law.noise_dim), seed=seed(2)))),
    ):
        component = np.round(z[:, 0] / 50).astype(int) + 1
        counts = np.bincount(component, minlength=3)
        assert stats.chisquare(counts, WEIGHTS * DRAWS).pvalue > 1e-4
        for number, (mean, log_var) in enumerate([(-50, 0), (0, -2), (50, 1)]):
            of_one = z[component == number, 0]
            scale = np.exp(log_var / 2)
            assert stats.kstest(of_one, "norm", (mean, scale)).pvalue > 1e-4


def test_a_component_of_no_weight_is_never_drawn():
    law = Mixture(
        DiagonalNormal(tensor([[-50.0], [0.0], [50.0]]), tensor(np.zeros((3, 1)))),
        tensor([-np.inf, 0.0, -np.inf]),
    )
    assert np.abs(array(law.sample(seed(), (DRAWS,)))).max() < 10


def test_draws_need_no_more_of_the_components_than_draws_of_theirs():
    """Laws that aren't made of normal noise can be mixed and sampled, not saved as a model."""

    class Laplace(Distribution):
        def __init__(self, mean):
            self.mean = mean

        def sample(self, seed, lead=()):
            u = keras.random.uniform((*lead, *ops.shape(self.mean)), -0.5, 0.5, seed=seed)
            return self.mean - ops.sign(u) * ops.log1p(-2.0 * ops.abs(u))

        def log_prob(self, z):
            return ops.sum(-ops.abs(z - self.mean) - np.log(2.0), axis=-1)

    law = Mixture(Laplace(tensor([[-50.0], [0.0], [50.0]])), tensor(np.log(WEIGHTS)))
    assert law.noise_dim is None
    z = array(law.sample(seed(), (DRAWS,)))
    component = np.round(z[:, 0] / 50).astype(int) + 1
    assert stats.chisquare(np.bincount(component, minlength=3), WEIGHTS * DRAWS).pvalue > 1e-4
    assert stats.kstest(z[component == 2, 0], "laplace", (50, 1)).pvalue > 1e-4


def test_the_gradient_of_a_draw_follows_its_component():
    """dz / dmean is 1 for the component that a draw is of, and 0 for others."""
    mean, log_var = parameters(2)

    def drawn(mean):
        law = Mixture(DiagonalNormal(tensor(mean), tensor(log_var)), tensor(np.log(WEIGHTS)))
        return array(law.sample(seed(), (50,)))

    moved = drawn(mean + np.array([[1.0], [2.0], [4.0]])) - drawn(mean)
    assert set(np.round(moved.ravel(), 3)) == {1.0, 2.0, 4.0}
    np.testing.assert_allclose(moved[:, 0], moved[:, 1], atol=1e-4)


def test_a_mixture_of_one_normal_at_the_origin_is_the_standard_prior():
    prior = MixturePrior(3, components=1)
    prior.mean.assign(np.zeros((1, 3)))
    law = prior.distribution(3, None)
    z = tensor(np.random.default_rng(3).normal(size=(2, 5, 3)))
    np.testing.assert_allclose(
        array(law.log_prob(z)), array(StandardNormal(3).log_prob(z)), rtol=1e-5
    )


def test_vamp_with_one_input_at_the_origin_is_the_standard_prior():
    prior = VampPrior((8, 8, 1), inputs=1)
    law = prior.distribution(3, lambda images: DiagonalNormal(*2 * [ops.zeros((1, 3))]))
    z = tensor(np.random.default_rng(3).normal(size=(2, 5, 3)))
    np.testing.assert_allclose(
        array(law.log_prob(z)), array(StandardNormal(3).log_prob(z)), rtol=1e-5
    )


def test_vamp_is_the_mixture_of_its_inputs_posteriors_at_rest():
    for latent, law_of in (("normal", DiagonalNormal), ("full-normal", FullNormal)):
        vae = make_vae(
            (8, 8, 1),
            latent_dim=2,
            latent=latent,
            prior="vamp",
            prior_opt={"inputs": 4},
            **SMALL_NETS,
        )
        law = vae.prior_distribution()
        images = 1 / (1 + np.exp(-array(vae.prior.pseudo_inputs)))
        posteriors = vae.latent.posterior(
            dict(zip(vae.posterior_names, vae.posterior(tensor(images)), strict=True))
        )
        assert isinstance(posteriors, law_of)
        z = tensor(np.random.default_rng(4).normal(size=(5, 2)))
        each = array(posteriors.log_prob(z[:, None]))
        expected = np.log(np.exp(each).mean(axis=-1))
        np.testing.assert_allclose(array(law.log_prob(z)), expected, rtol=1e-3)


@pytest.mark.parametrize("prior", ["mixture", "vamp"])
def test_a_model_makes_of_noise_what_the_law_does(prior):
    vae = make_vae((8, 8, 1), latent_dim=2, prior=prior, **SMALL_NETS)
    law = vae.prior_distribution()
    noise = np.random.default_rng(5).normal(size=(6, law.noise_dim)).astype("float32")
    z = prior_model(vae).predict(noise, verbose=0)
    np.testing.assert_allclose(z, array(law.from_noise(tensor(noise))), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("latent", "prior"),
    [
        ("normal", {"prior": "mixture", "prior_opt": {"components": 3}}),
        ("full-normal", {"prior": "vamp", "prior_opt": {"inputs": 3}}),
        ("deterministic", {}),
    ],
)
def test_training_moves_every_weight_of_every_part(latent, prior):
    program = make_program(latent=latent, loss="elbo", latent_dim=2, **prior)
    parts = program.vae.parts
    assert bool(parts["prior"]) == bool(prior)
    before = {name: [np.array(v.numpy()) for v in some] for name, some in parts.items()}
    rows = compile_train(program, some_images())(np.arange(24, dtype="int32").reshape(3, 8))
    assert np.isfinite(rows).all()
    for name, some in parts.items():
        for variable, value in zip(some, before[name], strict=True):
            assert not np.array_equal(value, variable.numpy()), variable.path


def test_without_a_density_there_is_no_bound():
    program = make_program(latent="deterministic", loss="elbo", latent_dim=2)
    assert "elbo" not in program.columns.names
    assert program.vae.prior_distribution() is None
    row = compile_train(program, some_images())(np.arange(8, dtype="int32")[None])[0]
    summary = program.columns.summary(row, 8)
    assert summary["kl"] == 0.0
    assert summary["loss"] == summary["reconstruction"]
