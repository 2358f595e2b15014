"""The ladder: its KL by group, how image and prior are joined, its densities, one group of it."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import vaekit
from parts import IMAGES, array, blueprint, program, tensor
from vaekit.engine import compile_train
from vaekit_hierarchy.ladder import Ladder, ladder
from vaekit_hierarchy.ladder_laws import LadderPosterior, LadderPrior

SIZES = [2, 3, 1]
RULES = ("precision", "residual")
BLOCK = np.arange(32, dtype="int32").reshape(4, 8)


def laws(rule: str = "precision", images: int = 1) -> tuple[Ladder, LadderPosterior, LadderPrior]:
    """A ladder of three groups, and its laws by random parameters."""
    keras.utils.set_random_seed(6)
    latent = ladder(sum(SIZES), sizes=SIZES, units=5, posterior=rule)
    rng = np.random.default_rng(0)
    parameters = {
        f"z{number}_{name}": tensor(rng.normal(size=(images, size)))
        for number, size in enumerate(SIZES, start=1)
        for name in ("mean", "log_var")
    }
    return latent, latent.posterior(parameters), latent.own_prior()


@pytest.mark.backend
@pytest.mark.parametrize("rule", RULES)
def test_kl_of_the_groups_sums_to_the_whole(rule: str) -> None:
    """The whole being the mean of log q(z|x) - log p(z), within four standard errors."""
    count = 20_000
    _, posterior, prior = laws(rule)
    z, log_q = posterior.sample_and_log_prob(keras.random.SeedGenerator(0), (count,))
    ratio = array(log_q - prior.log_prob(z))[:, 0]
    groups = array(posterior.kl_by_group(z))
    assert groups.shape == (1, len(SIZES))
    assert (groups > 0).all()
    assert groups.sum() == pytest.approx(ratio.mean(), abs=4 * ratio.std() / np.sqrt(count))


def test_kl_of_a_group_is_that_of_its_laws_given_the_groups_above() -> None:
    """The second group's, from the precisions in NumPy."""
    _, posterior, prior = laws()
    z = tensor(np.random.default_rng(3).normal(size=(1, sum(SIZES))))
    state = prior.way._states[0](prior.way.parted(z)[0])
    prior_mean, prior_log_var = (
        array(layer[0](state)) for layer in (prior.way._means, prior.way._log_vars)
    )
    mean, log_var = (array(posterior.parameters[f"z2_{name}"]) for name in ("mean", "log_var"))
    own, above = np.exp(-log_var), np.exp(-prior_log_var)
    variance = 1 / (own + above)
    apart = variance * (own * mean + above * prior_mean) - prior_mean
    share = variance * above
    expected = 0.5 * (share + apart**2 * above - 1 - np.log(share)).sum()
    assert array(posterior.kl_by_group(z))[0, 1] == pytest.approx(expected, rel=1e-4)


def test_residual_kl_goes_by_the_difference_alone() -> None:
    """KL = (dmu^2 / sigma^2 + dsigma^2 - log dsigma^2 - 1) / 2: NVAE, equation 2."""
    _, posterior, prior = laws("residual")
    z = tensor(np.random.default_rng(3).normal(size=(1, sum(SIZES))))
    state = prior.way._states[0](prior.way.parted(z)[0])
    log_var = array(prior.way._log_vars[0](state))
    shift, log_ratio = (array(posterior.parameters[f"z2_{name}"]) for name in ("mean", "log_var"))
    expected = 0.5 * (shift**2 / np.exp(log_var) + np.exp(log_ratio) - log_ratio - 1).sum()
    assert array(posterior.kl_by_group(z))[0, 1] == pytest.approx(expected, rel=1e-4)


@pytest.mark.backend
@pytest.mark.parametrize("rule", RULES)
def test_each_of_many_draws_goes_by_its_image(rule: str) -> None:
    latent, posterior, prior = laws(rule, images=3)
    noise = np.random.default_rng(1).normal(size=(4, 3, sum(SIZES)))
    z = array(posterior.from_noise(tensor(noise)))
    kl = array(posterior.kl_by_group(tensor(z)))
    each = [array(posterior.from_noise(tensor(part))) for part in noise]
    np.testing.assert_allclose(z, each, atol=1e-5)
    each = [array(posterior.kl_by_group(tensor(part))) for part in z]
    np.testing.assert_allclose(kl, np.mean(each, axis=0), rtol=1e-4)

    for lead in ((), (4,)):
        seed = keras.random.SeedGenerator(0)
        given = vaekit.Given(seed, lead, True, prior, lambda images: {})
        draw = latent.infer(posterior.parameters, given)
        assert tuple(draw.z.shape) == (*lead, 3, sum(SIZES))
        assert tuple(draw.log_ratio.shape) == (*lead, 3)
        assert tuple(draw.kl.shape) == (3, len(SIZES))


def test_prior_is_of_noise_and_its_density_of_its_draws() -> None:
    """Made white again by the laws of the groups, draws are the noise, and so is the density."""
    _, _, prior = laws()
    noise = np.random.default_rng(0).normal(size=(50, sum(SIZES)))
    z = prior.from_noise(tensor(noise))
    log_det = 0.0
    z1, z2, z3 = (array(part) for part in prior.way.parted(z))
    np.testing.assert_allclose(z1, noise[:, :2], rtol=1e-6)
    state: Any = prior.way._states[0](tensor(z1))
    for number, (value, part) in enumerate(((z2, noise[:, 2:5]), (z3, noise[:, 5:]))):
        log_var = array(prior.way._log_vars[number](state))
        white = (value - array(prior.way._means[number](state))) / np.exp(0.5 * log_var)
        np.testing.assert_allclose(white, part, atol=1e-4)
        log_det = log_det + 0.5 * log_var.sum(-1)
        if number == 0:
            state = prior.way._states[1](keras.ops.concatenate([state, tensor(z2)], axis=-1))
    expected = -0.5 * (noise**2 + np.log(2 * np.pi)).sum(-1) - log_det
    np.testing.assert_allclose(array(prior.log_prob(z)), expected, atol=1e-4)


@pytest.mark.backend
def test_one_group_is_the_plain_vae() -> None:
    """The same weights, the same draws, and four steps of training that are equal to the bit."""
    one = program(loss="elbo", latent="ladder", latent_opt={"groups": 1})
    plain = program(loss="elbo", latent="normal")
    pairs = list(zip(one.vae.trainable_variables, plain.vae.trainable_variables, strict=True))
    for mine, theirs in pairs:
        np.testing.assert_array_equal(array(mine), array(theirs))
    rows, expected = (compile_train(each, IMAGES)(BLOCK) for each in (one, plain))
    for name in ("loss", "elbo", "kl"):
        np.testing.assert_array_equal(
            rows[:, one.columns.offset(name)], expected[:, plain.columns.offset(name)]
        )
    for mine, theirs in pairs:
        np.testing.assert_array_equal(array(mine), array(theirs))


def test_its_prior_moves_with_the_priors_player() -> None:
    """PIWAE's decoder moves with it; what the image says of z stays the latent's."""
    parts = blueprint(loss="piwae", latent="ladder", latent_opt={"units": 4}).build().vae.parts
    assert {v.path.split("/")[0] for v in parts["prior"]} == {
        "ladder_state1",
        "ladder_prior_mean2",
        "ladder_prior_log_variance2",
    }
    names = {f"encoder_z{n}_{what}" for n in (1, 2) for what in ("mean", "log_var")}
    assert {v.path.split("/")[0] for v in parts["latent"]} == names


@pytest.mark.parametrize(
    ("latent_dim", "options", "sizes"),
    [
        (5, {}, (2, 3)),
        (8, {"groups": 3}, (2, 3, 3)),
        (4, {"groups": 1}, (4,)),
        (6, {"sizes": [1, 2, 3]}, (1, 2, 3)),
    ],
)
def test_sizes_of_the_groups(
    latent_dim: int, options: dict[str, Any], sizes: tuple[int, ...]
) -> None:
    assert ladder(latent_dim, **options).sizes == sizes


@pytest.mark.parametrize(
    ("latent_dim", "options"),
    [
        (1, {}),
        (3, {"groups": 4}),
        (4, {"sizes": [4, 0]}),
        (4, {"sizes": [1, 2]}),
        (4, {"sizes": []}),
        (4, {"sizes": [2, 2], "groups": 3}),
    ],
)
def test_groups_that_cannot_be_are_refused(latent_dim: int, options: dict[str, Any]) -> None:
    with pytest.raises(vaekit.BuildError, match=f"parts latent_dim {latent_dim} into groups"):
        ladder(latent_dim, **options)
