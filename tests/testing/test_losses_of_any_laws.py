"""Losses that ask for other laws than the tutorial's, for networks and for players, are checked."""

from __future__ import annotations

import keras
import pytest
from keras import layers, ops

import vaekit
from vaekit import distributions
from vaekit.registry import Component
from vaekit.testing import CheckSkipped, check_component, subject_of
from vaekit.testing.loss_values import LossUnderCheck, a_batch
from vaekit.testing.training import fitting

SLOW = ("trains_ten_steps",)


def error_of(x, output):
    return ops.sum(ops.square(x - output.reconstruction), axis=(1, 2, 3))


def full_alone():
    """Goes by the Cholesky factor, so that no other posterior will do."""

    def loss(x, output):
        size = ops.sum(ops.square(output.posterior.scale_tril), axis=(-2, -1))
        return {"error": error_of(x, output), "size": size + output.kl}

    loss.posterior = distributions.FullNormal
    return loss


def mixture_alone(*, share: float = 0.5):
    """Goes by the weights of a mixture.

    Args:
        share: of their largest.
    """

    def loss(x, output):
        error = error_of(x, output)
        largest = ops.max(output.prior.log_weights)
        return {"error": error, "density": output.log_ratio - share * largest + 0.0 * error}

    loss.prior = distributions.Mixture
    loss.density = True
    return loss


def judge(image_shape, latent_dim):
    images = layers.Input(image_shape)
    features = layers.Flatten()(images)
    return keras.Model(images, [features, layers.Dense(1)(features)])


def judged(*, gamma: float = 0.5):
    """Its option is the weight of a term for one of its players.

    Args:
        gamma: of the error, for the decoder.
    """

    def loss(x, output):
        _, real = output.networks["judge"](x)
        _, made = output.networks["judge"](output.decode(output.prior.sample(output.seed, (1,))))
        error = error_of(x, output)
        known = ops.softplus(-real)[:, 0] + ops.mean(ops.softplus(made))
        return {"error": error, "kl": output.kl, "telling": known}

    loss.networks = {"judge": judge}
    loss.players = {
        "loss": vaekit.Player(("encoder", "latent", "prior"), {"error": 1.0, "kl": 1.0}),
        "decoder": vaekit.Player(("decoder",), {"error": gamma}),
        "judge": vaekit.Player(("judge",), {"telling": 1.0}, keras.optimizers.SGD),
    }
    return loss


def beyond():
    def loss(x, output):
        return {"error": error_of(x, output)}

    loss.posterior = Component  # no law at all
    return loss


@pytest.mark.parametrize("factory", [full_alone, mixture_alone, judged])
def test_a_loss_that_conforms_passes(factory):
    results = check_component(factory, "loss", skip=SLOW)
    passed = {result.check for result in results if result.status == "passed"}
    assert {"terms_are_finite", "order_of_images_changes_nothing"} <= passed
    if factory is judged:
        assert {"every_option_has_an_effect", "kl_agrees_with_monte_carlo"} <= passed


def test_its_laws_are_those_of_installed_parts():
    output = LossUnderCheck(subject_of(full_alone, "loss")).output(a_batch())
    assert isinstance(output.posterior, distributions.FullNormal)
    output = LossUnderCheck(subject_of(mixture_alone, "loss")).output(a_batch())
    assert isinstance(output.prior, distributions.Mixture)
    assert output.log_ratio.shape == (6,)


def test_laws_that_nothing_makes_are_no_failure():
    with pytest.raises(CheckSkipped, match="make a posterior Component and a prior StandardNormal"):
        LossUnderCheck(subject_of(beyond, "loss")).output(a_batch())


@pytest.mark.slow
def test_it_is_trained_beside_parts_that_it_takes():
    blueprint, _ = fitting(subject_of(full_alone, "loss"))
    assert blueprint.parts["latent"].name == "full-normal"
    blueprint, _ = fitting(subject_of(mixture_alone, "loss"))
    assert blueprint.parts["prior"].name == "mixture"
