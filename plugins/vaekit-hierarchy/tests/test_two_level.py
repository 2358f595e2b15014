"""The ladder: its KL by group, the weighing of its lower level, its densities."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import vaekit
from parts import array, tensor
from vaekit_hierarchy.ladder import LadderPosterior, LadderPrior, LowerPrior
from vaekit_hierarchy.two_level import two_level

TOP, LOW = 2, 3


def laws(count: int = 1) -> tuple[LadderPosterior, LadderPrior]:
    keras.utils.set_random_seed(6)
    lower = LowerPrior(TOP, LOW, units=5)
    rng = np.random.default_rng(0)
    parameters = {
        f"z{group}_{name}": tensor(rng.normal(size=(count, size)))
        for group, size in ((1, TOP), (2, LOW))
        for name in ("mean", "log_var")
    }
    return LadderPosterior(parameters, lower), LadderPrior(lower)


@pytest.mark.backend
def test_kl_by_group_sums_to_the_whole() -> None:
    count = 20_000
    posterior, prior = laws()
    z, log_q = posterior.sample_and_log_prob(keras.random.SeedGenerator(0), (count,))
    ratio = array(log_q - prior.log_prob(z))[:, 0]
    groups = array(posterior.kl_by_group(z))
    assert groups.shape == (1, 2)
    assert (groups > 0).all()
    assert groups.sum() == pytest.approx(ratio.mean(), abs=4 * ratio.std() / np.sqrt(count))


def test_each_draw_is_told_as_one_of_many() -> None:
    posterior, prior = laws(count=3)
    latent = two_level(TOP + LOW, top=TOP)
    latent._lower = posterior._prior
    parameters = dict(
        zip(
            ("z1_mean", "z1_log_var", "z2_mean", "z2_log_var"),
            (*posterior.upper, *posterior._seen),
            strict=True,
        )
    )
    for lead in ((), (4,)):
        seed = keras.random.SeedGenerator(0)
        given = vaekit.Given(seed, lead, True, prior, lambda images: {})
        draw = latent.infer(parameters, given)
        assert tuple(draw.z.shape) == (*lead, 3, TOP + LOW)
        assert tuple(draw.log_ratio.shape) == (*lead, 3)
        assert tuple(draw.kl.shape) == (3, 2)


def test_the_lower_level_weighs_image_and_prior_by_their_precisions() -> None:
    posterior, _ = laws()
    z1 = tensor(np.ones((1, TOP)))
    (mean, log_var), (prior_mean, prior_log_var) = (
        [array(part) for part in pair] for pair in (posterior._seen, posterior._prior(z1))
    )
    own, other = np.exp(-log_var), np.exp(-prior_log_var)
    law = posterior.lower(z1)
    np.testing.assert_allclose(array(law.z_log_var), -np.log(own + other), rtol=1e-4)
    expected = (own * mean + other * prior_mean) / (own + other)
    np.testing.assert_allclose(array(law.z_mean), expected, rtol=1e-4)


def test_prior_is_of_noise_and_its_density_of_its_draws() -> None:
    _, prior = laws()
    z = array(prior.sample(keras.random.SeedGenerator(0), (20_000,)))
    assert z.shape == (20_000, TOP + LOW)
    np.testing.assert_allclose(z[:, :TOP].std(0), 1.0, atol=0.03)
    lower = prior.lower.law(tensor(z[:, :TOP]))
    white = (z[:, TOP:] - array(lower.z_mean)) / np.exp(0.5 * array(lower.z_log_var))
    np.testing.assert_allclose(white.std(0), 1.0, atol=0.03)
    expected = prior.upper.log_prob(tensor(z[:, :TOP])) + lower.log_prob(tensor(z[:, TOP:]))
    np.testing.assert_allclose(array(prior.log_prob(tensor(z))), array(expected), rtol=1e-5)


@pytest.mark.parametrize(("latent_dim", "top"), [(1, None), (4, 4), (4, 7)])
def test_an_empty_group_is_refused(latent_dim: int, top: int | None) -> None:
    with pytest.raises(vaekit.BuildError, match=f"latent_dim {latent_dim}, top="):
        two_level(latent_dim, top=top)
