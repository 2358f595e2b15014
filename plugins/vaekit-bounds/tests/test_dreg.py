"""The doubly reparameterised gradient: IWAE's in expectation, with less variance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import vaekit
from autodiff import gradients
from keras import ops
from linear_gaussian import LOADING, SIGMA, drawn, exact_posterior
from parts import array, blueprint, moves_by_part
from vaekit import distributions
from vaekit_bounds.iwae import iwae

DREG = {"gradient": "doubly-reparameterised"}
GAUSSIAN: dict[str, Any] = {"likelihood": "gaussian", "sigma": SIGMA}
COPIES = 4000


class Model:
    """Copies of one image, each with parameters of its own, so that each has a gradient."""

    def __init__(self, copies: int = COPIES) -> None:
        self.x = np.full(copies, 0.8)
        mean, log_var = exact_posterior(self.x)
        self.mean = keras.Variable((mean + 0.3)[:, None], dtype="float32")
        self.log_var = keras.Variable((log_var + 1.0)[:, None], dtype="float32")
        self.prior_mean = keras.Variable(np.zeros((copies, 1)), dtype="float32")
        self.loading = keras.Variable(np.full((copies, 1), LOADING), dtype="float32")

    @property
    def encoder(self) -> list[keras.Variable]:
        return [self.mean, self.log_var]

    def total(self, loss: vaekit.Loss, term: str) -> Callable[[], Any]:
        """The sum of a term, for the same noise at each call."""
        noise = np.random.default_rng(0).normal(size=(loss.samples, len(self.x), 1))

        def value() -> Any:
            posterior = distributions.DiagonalNormal(
                ops.convert_to_tensor(self.mean), ops.convert_to_tensor(self.log_var)
            )
            prior_mean = ops.convert_to_tensor(self.prior_mean)
            prior = distributions.DiagonalNormal(prior_mean, 0.0 * prior_mean)
            loading = ops.convert_to_tensor(self.loading)
            x, output = drawn(self.x, posterior, noise, prior, loading)
            return ops.sum(loss(x, output)[term])

        return value


@pytest.mark.backend
@pytest.mark.parametrize("samples", [1, 8])
def test_its_mean_is_that_of_iwaes_gradient_and_its_variance_is_less(samples: int) -> None:
    model = Model()
    loss = iwae(samples=samples, **DREG, **GAUSSIAN)
    plain = gradients(model.total(loss, "negative_iwae"), model.encoder)
    doubly = gradients(model.total(loss, "negative_iwae_dreg"), model.encoder)
    for one, other in zip(plain, doubly, strict=True):
        error = np.sqrt((one.var() + other.var()) / COPIES)
        assert abs(one.mean() - other.mean()) < 4 * error
        assert abs(other.mean()) > 8 * np.sqrt(other.var() / COPIES)
        assert other.var() < 0.7 * one.var()


def test_no_noise_is_left_where_the_posterior_is_exact() -> None:
    """All weights are alike then: IWAE's gradient is noise about zero, the other is zero."""
    model = Model(50)
    for variable, value in zip(model.encoder, exact_posterior(model.x), strict=True):
        variable.assign(value[:, None])
    loss = iwae(samples=4, **DREG, **GAUSSIAN)
    plain = gradients(model.total(loss, "negative_iwae"), model.encoder)
    doubly = gradients(model.total(loss, "negative_iwae_dreg"), model.encoder)
    for one, other in zip(plain, doubly, strict=True):
        assert one.std() > 0.1
        np.testing.assert_allclose(other, 0, atol=1e-5)


@pytest.mark.backend
def test_a_prior_keeps_its_gradient_whoever_moves_it() -> None:
    """As VampPrior's, which the encoder makes: to the last bit of rounding, not on average."""
    model = Model(50)
    loss = iwae(samples=6, **DREG, **GAUSSIAN)
    (plain,) = gradients(model.total(loss, "negative_iwae"), [model.prior_mean])
    (doubly,) = gradients(model.total(loss, "negative_iwae_dreg"), [model.prior_mean])
    assert np.abs(plain).min() > 1e-3
    np.testing.assert_allclose(doubly, plain, rtol=1e-3, atol=1e-5)


def test_both_terms_are_minus_the_bound() -> None:
    model = Model(20)
    loss = iwae(samples=5, **DREG, **GAUSSIAN)
    values_of = [
        array(model.total(loss, term)()) for term in ("negative_iwae", "negative_iwae_dreg")
    ]
    assert values_of[0] == pytest.approx(values_of[1], rel=1e-5)


def test_in_training_the_decoder_goes_as_in_iwae_and_the_encoder_does_not() -> None:
    config = {"loss": "iwae", "prior": "mixture", "prior_opt": {"components": 2}}
    draws = {"samples": 4}
    plain = moves_by_part(**config, loss_opt=draws)
    doubly = moves_by_part(**config, loss_opt={**draws, **DREG})
    for part in ("decoder", "prior"):
        np.testing.assert_allclose(plain[part], doubly[part], atol=1e-6)
        assert np.abs(plain[part]).max() > 0
    assert not np.allclose(plain["latent"], doubly["latent"], atol=1e-5)


@pytest.mark.parametrize("latent", ["normal", "full-normal", "iaf", "ladder"])
def test_it_takes_what_has_densities_at_any_z(latent: str) -> None:
    blueprint(latent=latent, loss="iwae", loss_opt=DREG).build()


def test_a_posterior_that_is_not_the_law_of_z_is_refused() -> None:
    """A Hamiltonian's z isn't of the normal that it starts from; IWAE takes its weights as told."""
    with pytest.raises(vaekit.BuildError, match=r"the laws of z itself.*Choose the latent"):
        blueprint(latent="hamiltonian", loss="iwae", loss_opt={**DREG, "samples": 1}).build()
    blueprint(latent="hamiltonian", loss="iwae", loss_opt={"samples": 1}).build()
