"""The plugin, seen as vaekit sees it: its names, options and what the losses declare."""

from __future__ import annotations

from typing import get_args

import keras
import numpy as np
import pytest
import vaekit
import vaekit.distributions
import vaekit.options
import vaekit.plugins
from made_up_outputs import arrays, batch_and_output
from parts import array
from vaekit.registry import Component

NAMES = "|".join(get_args(vaekit.distributions.LikelihoodName))
LIKELIHOOD = {"likelihood": (NAMES, "bernoulli"), "sigma": ("float", 0.1)}
OPTIONS = {
    "beta-tcvae": {
        "alpha": ("float", 1.0),
        "beta": ("float", 6.0),
        "gamma": ("float", 1.0),
        **LIKELIHOOD,
    },
    "factor-vae": {
        "gamma": ("float", 10.0),
        "discriminator_layers": ("int", 3),
        "discriminator_units": ("int", 256),
        "discriminator_learning_rate": ("float", 1e-4),
        **LIKELIHOOD,
    },
    "dip-vae": {
        "kind": ("I|II", "I"),
        "lambda_od": ("float", 10.0),
        "lambda_d": ("float or none", None),
        **LIKELIHOOD,
    },
}
every = pytest.mark.parametrize("name", list(OPTIONS))


def component(name: str) -> Component:
    return vaekit.plugins.discover().registry.get("loss", name)


@every
def test_options_are_read_from_the_signature_and_each_has_a_meaning(name: str) -> None:
    options = vaekit.options.options_of(component(name))
    assert {o.name: (o.type_name, o.default) for o in options.values()} == OPTIONS[name]
    assert all(option.meaning for option in options.values())


@every
def test_docstring_says_whose_loss_it_is(name: str) -> None:
    assert "arXiv:1" in (component(name).load().__doc__ or "")


@pytest.mark.parametrize(
    ("name", "option", "value"),
    [
        *[("beta-tcvae", weight, "-0.1") for weight in ("alpha", "beta", "gamma")],
        ("factor-vae", "gamma", "-1"),
        ("factor-vae", "discriminator_layers", "0"),
        ("factor-vae", "discriminator_units", "1.5"),
        ("factor-vae", "discriminator_learning_rate", "0"),
        ("dip-vae", "kind", "III"),
        ("dip-vae", "lambda_od", "-1"),
        ("dip-vae", "lambda_d", "-1"),
        ("dip-vae", "lambda_d", "inf"),
        *[(name, "sigma", "0") for name in OPTIONS],
        *[(name, "likelihood", "poisson") for name in OPTIONS],
    ],
)
def test_options_out_of_bounds_are_refused(name: str, option: str, value: str) -> None:
    with pytest.raises(vaekit.OptionError, match=rf"'{name}' takes {option}="):
        vaekit.options.check_options(component(name), {option: value})


def test_options_of_the_command_line_are_taken() -> None:
    options = {"kind": "II", "lambda_od": "2", "lambda_d": "none"}
    checked = vaekit.options.check_options(component("dip-vae"), options)
    assert checked == {"kind": "II", "lambda_od": 2.0, "lambda_d": None}


@every
@pytest.mark.parametrize(("likelihood", "scale"), [("bernoulli", "logits"), ("gaussian", "mean")])
def test_reconstruction_is_the_declared_likelihoods(name: str, likelihood: str, scale: str) -> None:
    """So that the kit's `elbo` is the one of this very model."""
    x, output = batch_and_output(adversary=lambda z: keras.ops.zeros((7, 2)))
    loss = component(name).load()(likelihood=likelihood, sigma=0.5)
    assert loss.scale == loss.likelihood.scale == scale
    assert loss.samples == 1
    pixels, rebuilt = array(x), array(output.reconstruction)
    if likelihood == "bernoulli":
        mean = 1 / (1 + np.exp(-rebuilt))
        log_prob = pixels * np.log(mean) + (1 - pixels) * np.log(1 - mean)
    else:
        log_prob = -0.5 * np.log(2 * np.pi * 0.25) - (pixels - rebuilt) ** 2 / 0.5
    term = arrays(loss(x, output))["reconstruction"]
    np.testing.assert_allclose(term, -log_prob.sum(axis=(1, 2, 3)), rtol=1e-4)


@pytest.mark.parametrize("name", ["factor-vae", "dip-vae"])
def test_kl_is_the_closed_form(name: str) -> None:
    x, output = batch_and_output(adversary=lambda z: keras.ops.zeros((7, 2)))
    mean, log_var = (array(part) for part in output.posterior)
    expected = 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).sum(axis=1)
    np.testing.assert_allclose(
        arrays(component(name).load()()(x, output))["kl"], expected, rtol=1e-5
    )


@every
@pytest.mark.parametrize("size", [1, 2, 7])
def test_terms_are_per_image_and_finite_in_a_batch_of_any_size(name: str, size: int) -> None:
    x, output = batch_and_output(size=size)
    loss = component(name).load()()
    terms = {}
    if loss.adversary is not None:
        output = output._replace(adversary=loss.adversary.build((3, 2, 1), 3))
        terms.update(loss.adversary(x, output, keras.random.SeedGenerator(0)))
    terms.update(loss(x, output))
    for key, term in arrays(terms).items():
        assert term.shape == (size,), key
        assert np.isfinite(term).all(), key
