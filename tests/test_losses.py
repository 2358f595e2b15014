"""The kit's losses against NumPy; what a loss may ask of the kit."""

from __future__ import annotations

import typing

import keras
import numpy as np
import pytest
from scipy import stats

from vaekit import distributions, schedules
from vaekit.default_plugins.losses import beta, elbo, tutorial
from vaekit.distributions import Posterior, StandardNormal
from vaekit.errors import BuildError, OptionError
from vaekit.loss import Loss, Player, needs_of
from vaekit.options import check_options, options_of
from vaekit.plugins import discover
from vaekit.types import VAEOutput

pytestmark = [pytest.mark.backend, pytest.mark.quick]

SHAPE = (5, 4, 2)
BATCH, LATENTS, SIZE = 6, 3, 40  # SIZE: values of one image
PIXELS = (-3, -2, -1)


def tensor(values):
    return keras.ops.convert_to_tensor(np.asarray(values, "float32"))


def array(values):
    return np.asarray(keras.ops.convert_to_numpy(values), "float64")


def made(samples=1, seed=0, *, binary=False, schedule=None):
    """Random images and what a model might make of them."""
    rng = np.random.default_rng(seed)
    lead = () if samples == 1 else (samples,)
    x = rng.random((BATCH, *SHAPE))
    x = tensor(x > 0.5 if binary else x)
    mean, log_var = rng.normal(size=(2, BATCH, LATENTS))
    reconstruction = tensor(rng.normal(0, 2, (*lead, BATCH, *SHAPE)))
    z = tensor(rng.normal(size=(*lead, BATCH, LATENTS)))
    posterior = Posterior(tensor(mean), tensor(log_var))
    return x, VAEOutput(reconstruction, posterior, z, schedule or {})


def kl_of(output):
    mean, log_var = (array(a) for a in output.posterior)
    return 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).sum(axis=1)


def terms_of(loss, x, output):
    terms = loss(x, output)
    assert all(tuple(term.shape) == (BATCH,) for term in terms.values())
    return {name: array(term) for name, term in terms.items()}


def bernoulli(x, logits):
    return stats.bernoulli.logpmf(array(x), 1 / (1 + np.exp(-array(logits)))).sum(axis=PIXELS)


def gaussian(x, means, sigma):
    return stats.norm.logpdf(array(x), array(means), sigma).sum(axis=PIXELS)


@pytest.mark.parametrize("weight", [1.0, 1000.0])
def test_tutorial_is_weighted_squared_error_and_kl(weight):
    x, output = made()
    terms = terms_of(tutorial(weight=weight), x, output)
    assert list(terms) == ["reconstruction", "kl"]
    error = ((array(x) - array(output.reconstruction)) ** 2).mean(axis=PIXELS)
    np.testing.assert_allclose(terms["reconstruction"], weight * error, rtol=1e-5)
    np.testing.assert_allclose(terms["kl"], kl_of(output), rtol=1e-5)


def test_tutorial_weighs_a_thousandfold_unless_told():
    x, output = made()
    unweighted = terms_of(tutorial(weight=1), x, output)["reconstruction"]
    default = terms_of(tutorial(), x, output)["reconstruction"]
    np.testing.assert_allclose(default, 1000 * unweighted, rtol=1e-6)


def test_tutorial_has_no_reconstruction_term_for_an_exact_reconstruction():
    x, output = made()
    terms = terms_of(tutorial(), x, output._replace(reconstruction=x))
    np.testing.assert_array_equal(terms["reconstruction"], 0)


def test_kl_term_is_zero_at_the_prior():
    x, output = made(schedule={"kl_weight": tensor(2.0)})
    zeros = tensor(np.zeros((BATCH, LATENTS)))
    output = output._replace(posterior=Posterior(zeros, zeros))
    for loss, name in ((tutorial(), "kl"), (elbo(), "kl"), (beta(), "weighted_kl")):
        np.testing.assert_array_equal(terms_of(loss, x, output)[name], 0)


@pytest.mark.parametrize("weight", [3.0, 1000.0])
def test_tutorials_likelihood_is_its_error_and_a_constant(weight):
    loss = tutorial(weight=weight)
    constants = []
    for seed in (1, 2):
        x, output = made(seed=seed)
        error = terms_of(loss, x, output)["reconstruction"]
        constants.append(-array(loss.likelihood.log_prob(x, output.reconstruction)) - error)
    expected = SIZE / 2 * np.log(2 * np.pi * SIZE / (2 * weight))
    np.testing.assert_allclose(constants, expected, rtol=1e-3, atol=2e-3)


@pytest.mark.parametrize("weight", [3.0, 1000.0])
def test_tutorials_likelihood_is_the_gaussian_of_variance_d_over_twice_the_weight(weight):
    x, output = made()
    given = array(tutorial(weight=weight).likelihood.log_prob(x, output.reconstruction))
    expected = gaussian(x, output.reconstruction, np.sqrt(SIZE / (2 * weight)))
    np.testing.assert_allclose(given, expected, rtol=1e-5)


def test_elbo_of_binary_images_is_in_nats():
    x, output = made(binary=True)
    terms = terms_of(elbo(), x, output)
    assert list(terms) == ["reconstruction", "kl"]
    expected = -bernoulli(x, output.reconstruction)
    np.testing.assert_allclose(terms["reconstruction"], expected, rtol=1e-5)
    np.testing.assert_allclose(terms["kl"], kl_of(output), rtol=1e-5)


@pytest.mark.parametrize("sigma", [0.1, 0.5, 2.0])
def test_elbo_of_gaussian_pixels_is_in_nats(sigma):
    x, output = made()
    terms = terms_of(elbo(likelihood="gaussian", sigma=sigma), x, output)
    expected = -gaussian(x, output.reconstruction, sigma)
    np.testing.assert_allclose(terms["reconstruction"], expected, rtol=1e-5)
    np.testing.assert_allclose(terms["kl"], kl_of(output), rtol=1e-5)


def test_gaussian_elbo_of_an_exact_reconstruction_is_the_normals_peak():
    x, output = made()
    loss = elbo(likelihood="gaussian", sigma=0.1)
    terms = terms_of(loss, x, output._replace(reconstruction=x))
    expected = SIZE * np.log(0.1 * np.sqrt(2 * np.pi))
    np.testing.assert_allclose(terms["reconstruction"], expected, rtol=1e-5)


def test_bernoulli_elbo_of_sure_and_right_logits_is_zero():
    x, output = made(binary=True)
    terms = terms_of(elbo(), x, output._replace(reconstruction=160.0 * (x - 0.5)))
    np.testing.assert_allclose(terms["reconstruction"], 0, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "scale"),
    [
        (tutorial, "mean"),
        (elbo, "logits"),
        (lambda: elbo(likelihood="gaussian"), "mean"),
        (beta, "logits"),
        (lambda: beta(likelihood="gaussian"), "mean"),
    ],
)
def test_losses_say_the_scale_they_work_on_and_report_an_elbo(make, scale):
    needs = needs_of(make(), "mine")
    assert needs.scale == scale
    assert needs.likelihood.scale == scale
    assert needs.samples == 1


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_elbo_of_several_samples_is_the_mean_of_single_ones(likelihood):
    x, output = made(samples=4, binary=True)
    loss = elbo(likelihood=likelihood, samples=4)
    assert needs_of(loss, "elbo").samples == 4
    terms = terms_of(loss, x, output)
    single = elbo(likelihood=likelihood)
    each = [
        terms_of(single, x, output._replace(reconstruction=output.reconstruction[k], z=output.z[k]))
        for k in range(4)
    ]
    assert not np.allclose(each[0]["reconstruction"], each[1]["reconstruction"])
    expected = np.mean([terms["reconstruction"] for terms in each], axis=0)
    np.testing.assert_allclose(terms["reconstruction"], expected, rtol=1e-5)
    np.testing.assert_allclose(terms["kl"], each[0]["kl"], rtol=1e-6)


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_beta_is_the_elbos_reconstruction_and_a_weighted_kl(likelihood):
    x, output = made(binary=True, schedule={"kl_weight": tensor(2.5)})
    terms = terms_of(beta(likelihood=likelihood), x, output)
    assert list(terms) == ["reconstruction", "weighted_kl"]
    expected = terms_of(elbo(likelihood=likelihood), x, output)
    np.testing.assert_allclose(terms["reconstruction"], expected["reconstruction"], rtol=1e-6)
    np.testing.assert_allclose(terms["weighted_kl"], 2.5 * kl_of(output), rtol=1e-5)


def test_beta_of_zero_leaves_the_reconstruction_alone():
    x, output = made(schedule={"kl_weight": tensor(0.0)})
    assert (terms_of(beta(), x, output)["weighted_kl"] == 0).all()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, schedules.Constant(4.0)),
        ({"beta": 0.5}, schedules.Constant(0.5)),
        ({"beta": 3, "schedule": "linear", "steps": 70}, schedules.Linear(3, 70)),
        (
            {"beta": 3, "schedule": "cyclical", "steps": 70, "cycles": 2, "ramp": 0.25},
            schedules.Cyclical(3, 70, 2, 0.25),
        ),
        ({"schedule": "cyclical"}, schedules.Cyclical(4.0, 5000, 4, 0.5)),
    ],
)
def test_beta_declares_the_schedule_it_is_asked_for(options, expected):
    assert needs_of(beta(**options), "beta").schedules == {"kl_weight": expected}


def test_sigma_reaches_betas_likelihood():
    loss = beta(likelihood="gaussian", sigma=0.7)
    assert loss.likelihood == distributions.Gaussian(0.7)


def part(name):
    return discover().registry.get("loss", f"{name}@vaekit")


LIKELIHOODS = "|".join(typing.get_args(distributions.LikelihoodName))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("tutorial", {"weight": ("float", 1000.0)}),
        (
            "elbo",
            {
                "likelihood": (LIKELIHOODS, "bernoulli"),
                "sigma": ("float", 0.1),
                "samples": ("int", 1),
            },
        ),
        (
            "beta",
            {
                "beta": ("float", 4.0),
                "schedule": ("constant|linear|cyclical", "constant"),
                "steps": ("int", 5000),
                "cycles": ("int", 4),
                "ramp": ("float", 0.5),
                "likelihood": (LIKELIHOODS, "bernoulli"),
                "sigma": ("float", 0.1),
            },
        ),
    ],
)
def test_options_are_read_from_the_signature_and_each_has_a_meaning(name, options):
    found = options_of(part(name))
    assert {o.name: (o.type_name, o.default) for o in found.values()} == options
    assert all(option.meaning for option in found.values())


@pytest.mark.parametrize(
    ("name", "option", "value"),
    [
        ("tutorial", "weight", 0),
        ("tutorial", "weight", -1),
        ("elbo", "samples", 0),
        ("elbo", "sigma", 0),
        ("elbo", "likelihood", "poisson"),
        ("beta", "beta", -0.1),
        ("beta", "steps", 0),
        ("beta", "cycles", 0),
        ("beta", "ramp", 0),
        ("beta", "ramp", 1.5),
        ("beta", "schedule", "cosine"),
    ],
)
def test_options_out_of_range_are_refused(name, option, value):
    with pytest.raises(OptionError, match=rf"'{name}' takes {option}="):
        check_options(part(name), {option: value})


def test_any_callable_is_a_loss_with_the_least_needs():
    needs = needs_of(lambda x, output: {}, "mine")
    assert (needs.scale, needs.samples, needs.schedules) == ("mean", 1, {})
    assert needs.likelihood is needs.adversary is None
    # What every run had before there was a choice.
    assert (needs.posterior, needs.prior) == (Posterior, StandardNormal)
    assert list(needs.players.values()) == [Player(("encoder", "latent", "prior", "decoder"))]


class Bare(Loss):
    def __call__(self, x, output):
        return {}


@pytest.mark.parametrize(
    ("attributes", "text"),
    [
        ({"scale": "probability"}, r"'mine' asks for .*'probability'; say mean, logits or param"),
        ({"samples": 0}, r"'mine' asks for 0 samples"),
        ({"samples": 1.5}, r"'mine' asks for 1\.5 samples"),
        ({"likelihood": distributions.Bernoulli()}, r"'mine' works on mean .* on logits"),
        ({"scale": "logits", "likelihood": distributions.Gaussian(1)}, "must be the same"),
    ],
)
def test_a_loss_that_asks_for_what_is_not_is_refused(attributes, text):
    loss = Bare()
    for name, value in attributes.items():
        setattr(loss, name, value)
    with pytest.raises(BuildError, match=text):
        needs_of(loss, "mine")


def test_what_cannot_be_called_is_no_loss():
    with pytest.raises(BuildError, match="'mine' must be callable"):
        needs_of(3, "mine")
