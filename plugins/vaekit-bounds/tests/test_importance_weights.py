"""IWAE, MIWAE and CIWAE on a model whose log p(x) is known, and their ends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import vaekit
from linear_gaussian import SIGMA, Drawn, drawn, exact_posterior, log_evidence
from parts import IMAGES, array, blueprint, program, tensor
from scipy.special import logsumexp
from vaekit import distributions
from vaekit.engine import Evaluation
from vaekit_bounds.ciwae import ciwae
from vaekit_bounds.iwae import iwae
from vaekit_bounds.miwae import miwae
from vaekit_bounds.piwae import piwae

GAUSSIAN: dict[str, Any] = {"likelihood": "gaussian", "sigma": SIGMA}
X = np.array([-2.0, -0.3, 0.4, 1.7])


def normal(mean: np.ndarray, log_var: np.ndarray) -> distributions.DiagonalNormal:
    return distributions.DiagonalNormal(tensor(mean[:, None]), tensor(log_var[:, None]))


def noise(count: int, images: int) -> np.ndarray:
    return np.random.default_rng(count).normal(size=(count, images, 1))


def full(mean: np.ndarray, log_var: np.ndarray) -> distributions.FullNormal:
    return distributions.FullNormal(
        tensor(mean[:, None]), tensor(np.exp(0.5 * log_var)[:, None, None])
    )


def losses(count: int) -> dict[str, vaekit.Loss]:
    """One of each kind, of so many draws."""
    return {
        "iwae": iwae(samples=count, **GAUSSIAN),
        "dreg": iwae(samples=count, gradient="doubly-reparameterised", **GAUSSIAN),
        "miwae": miwae(groups=1, samples=count, **GAUSSIAN),
        "miwae of ones": miwae(groups=count, samples=1, **GAUSSIAN),
        "piwae": piwae(groups=1, samples=count, **GAUSSIAN),
    }


@pytest.mark.backend
@pytest.mark.parametrize("law", [normal, full])
@pytest.mark.parametrize("count", [1, 2, 7])
def test_with_the_exact_posterior_each_bound_is_log_p(law: Any, count: int) -> None:
    """All weights are p(x) then, so that no draw matters."""
    x, output = drawn(X, law(*exact_posterior(X)), noise(count, len(X)))
    for name, loss in losses(count).items():
        for term, value in loss(x, output).items():
            told = f"{name} {term}"
            np.testing.assert_allclose(array(value), -log_evidence(X), atol=2e-5, err_msg=told)


def test_the_bound_rises_with_the_draws_towards_log_p() -> None:
    """A posterior of its own mean, too wide: L_1 is the ELBO in closed form, L_k rises from it."""
    images = 20_000
    x = np.full(images, 0.8)
    mean, log_var = exact_posterior(x)
    off, wide = mean + 0.3, log_var + 1.0
    bounds = {}
    for count in (1, 2, 5, 20, 100):
        x_, output = drawn(x, normal(off, wide), noise(count, images))
        bounds[count] = -array(iwae(samples=count, **GAUSSIAN)(x_, output)["negative_iwae"]).mean()
    log_p = log_evidence(x)[0]
    # log p - KL(q || p(z|x)).
    gap = 0.5 * (np.exp(1.0) + 0.3**2 / np.exp(log_var[0]) - 1 - 1.0)
    assert bounds[1] == pytest.approx(log_p - gap, abs=0.04)
    rising = list(bounds.values())
    assert (np.diff(rising) > 0.001).all(), rising
    assert rising[-1] < log_p
    assert rising[-1] == pytest.approx(log_p, abs=0.01)


def some_draws(count: int) -> tuple[Drawn, np.ndarray]:
    """Draws of a posterior that isn't exact, and log w `(K, B)`."""
    made = drawn(X, normal(0.2 * X, np.zeros(4) - 0.5), noise(count, len(X)))
    likelihood = distributions.Gaussian(SIGMA)
    log_prob = array(likelihood.log_prob(*made[:1], made.output.reconstruction))
    return made, (log_prob - array(made.output.log_ratio)).reshape(count, len(X))


@pytest.mark.backend
def test_values_are_means_of_weights() -> None:
    (x, output), log_w = some_draws(6)
    got = array(iwae(samples=6, **GAUSSIAN)(x, output)["negative_iwae"])
    np.testing.assert_allclose(got, -(logsumexp(log_w, axis=0) - np.log(6)), rtol=1e-4)
    got = array(miwae(groups=2, samples=3, **GAUSSIAN)(x, output)["negative_miwae"])
    each = logsumexp(log_w.reshape(2, 3, 4), axis=1) - np.log(3)
    np.testing.assert_allclose(got, -each.mean(0), rtol=1e-4)


def test_weights_of_hundreds_of_nats_stay_finite() -> None:
    x, output = drawn(1e2 * X, normal(X, np.zeros(4) - 9), noise(3, 4))
    for loss in losses(3).values():
        for value in loss(x, output).values():
            assert np.isfinite(array(value)).all()


def test_one_draw_is_the_elbo_for_all() -> None:
    (x, output), log_w = some_draws(1)
    for loss in losses(1).values():
        for value in loss(x, output).values():
            np.testing.assert_allclose(array(value), -log_w[0], rtol=1e-4)
    # CIWAE's ELBO has the KL in closed form, as the reported one.
    mixed = ciwae(beta=0.5, samples=1, **GAUSSIAN)(x, output)
    np.testing.assert_allclose(array(mixed["weighted_negative_iwae"]), -0.5 * log_w[0], rtol=1e-4)


def test_ends_of_ciwae_are_the_vae_and_iwae() -> None:
    (x, output), _ = some_draws(5)
    plain = array(iwae(samples=5, **GAUSSIAN)(x, output)["negative_iwae"])
    log_prob = array(distributions.Gaussian(SIGMA).log_prob(x, output.reconstruction)).mean(0)
    elbo = log_prob - array(output.kl)
    for beta, expected in ((0.0, plain), (1.0, -elbo), (0.3, -0.3 * elbo + 0.7 * plain)):
        terms = ciwae(beta=beta, samples=5, **GAUSSIAN)(x, output)
        np.testing.assert_allclose(sum(array(t) for t in terms.values()), expected, rtol=1e-4)


def test_ciwae_of_the_elbo_alone_is_minus_the_reported_one() -> None:
    """With the KL in closed form, by the same draws."""
    figures = Evaluation(program(loss="ciwae", loss_opt={"samples": 3, "beta": 1.0}), IMAGES)()
    assert figures["loss"] == pytest.approx(-figures["elbo"], rel=1e-5)


def test_the_elbo_that_is_reported_stays_the_plain_one() -> None:
    made = program(loss="iwae", loss_opt={"samples": 50})
    figures = Evaluation(made, IMAGES)()
    assert figures["loss"] == pytest.approx(figures["negative_iwae"])
    assert -figures["negative_iwae"] > figures["elbo"] + 0.1


@pytest.mark.parametrize("loss", ["iwae", "miwae", "ciwae"])
def test_what_has_no_density_is_refused(loss: str) -> None:
    with pytest.raises(vaekit.BuildError, match=f"'{loss}' needs the densities of z"):
        blueprint(latent="deterministic", loss=loss).build()
