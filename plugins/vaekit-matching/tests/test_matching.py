"""WAE, InfoVAE and the adversarial autoencoder: what their players go down."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import vaekit
from made_up_outputs import batch_and_output, gradients
from parts import IMAGES, array, blueprint, program, tensor, values
from vaekit import distributions
from vaekit.engine import compile_train
from vaekit_matching.aae import aae
from vaekit_matching.mmd import squared_mmd
from vaekit_matching.wae_mmd import wae_mmd

BLOCK = np.arange(8, dtype="int32")[None]
NAMED_PRIOR = {"latent": "deterministic", "prior": "standard-normal"}


class FixedPrior(distributions.Distribution):
    """Always the same draws."""

    def __init__(self, z: np.ndarray) -> None:
        self.z = z

    def sample(self, seed: Any, lead: tuple[int, ...] = ()) -> Any:
        return tensor(self.z)


def output_with(prior_draws: np.ndarray, **fields: Any) -> tuple[Any, vaekit.VAEOutput]:
    x, output = batch_and_output(size=len(prior_draws), latents=prior_draws.shape[1])
    draw = vaekit.Draw(output.z, output.posterior, FixedPrior(prior_draws), None)
    return x, output._replace(draw=draw, **fields)


def test_wae_is_squared_error_and_mmd_from_draws_of_the_prior() -> None:
    prior_draws = np.random.default_rng(4).normal(size=(6, 3))
    x, output = output_with(prior_draws)
    loss = wae_mmd(lambda_mmd=7, kernel="rbf", bandwidth=2)
    terms = {name: array(term) for name, term in loss(x, output).items()}
    error = np.square(array(x) - array(output.reconstruction)).sum((1, 2, 3))
    np.testing.assert_allclose(terms["reconstruction"], error, rtol=1e-5)
    mmd = array(squared_mmd(output.z, tensor(prior_draws), "rbf", 2.0))
    np.testing.assert_allclose(terms["mmd"], np.full(6, mmd), rtol=1e-5)
    assert loss.players["loss"].terms == {"reconstruction": 1.0, "mmd": 7.0}


def after_one_step(**config: Any) -> tuple[float, list[np.ndarray]]:
    made = program(**config)
    row = compile_train(made, IMAGES)(BLOCK)[0]
    weights = {id(v) for v in made.vae.trainable_variables}
    moved = [v for v, of in zip(values(made), made.state, strict=True) if id(of) in weights]
    return made.columns.summary(row, 8)["loss"], moved


@pytest.mark.backend
def test_info_vae_without_alpha_and_lambda_is_the_vae() -> None:
    loss, weights = after_one_step(loss="info-vae", loss_opt={"alpha": 0, "lambda_mmd": 0})
    plain, plain_weights = after_one_step(loss="elbo")
    assert loss == pytest.approx(plain, rel=1e-6)
    for one, other in zip(weights, plain_weights, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_info_vae_weighs_kl_and_mmd() -> None:
    options = {"alpha": 0.3, "lambda_mmd": 20.0, "likelihood": "gaussian", "sigma": 0.5}
    made = program(loss="info-vae", loss_opt=options)
    summary = made.columns.summary(compile_train(made, IMAGES)(BLOCK)[0], 8)
    weighted = summary["reconstruction"] + 0.7 * summary["kl"] + 20.3 * summary["mmd"]
    assert summary["loss"] == pytest.approx(weighted, rel=1e-5)
    assert summary["elbo"] == pytest.approx(-summary["reconstruction"] - summary["kl"], rel=1e-5)


@pytest.mark.backend
def test_the_best_logit_is_the_log_ratio_of_densities() -> None:
    """z takes two values, with q = (3/4, 1/4) and p = (1/4, 3/4): no slope at log p - log q."""
    z = np.array([[0.0], [0.0], [0.0], [1.0]])
    x, output = output_with(1.0 - z, z=tensor(z))

    def slope(logits: list[float]) -> np.ndarray:
        table = keras.Variable(logits)

        def judged(z: Any) -> Any:
            return (1.0 - z) * table[0] + z * table[1]

        now = output._replace(networks={"discriminator": judged})
        loss = aae()
        return array(gradients(lambda: keras.ops.mean(loss(x, now)["discrimination"]), [table])[0])

    log_ratio = [float(np.log(0.25 / 0.75)), float(np.log(0.75 / 0.25))]
    np.testing.assert_allclose(slope(log_ratio), 0.0, atol=1e-6)
    assert np.abs(slope([0.0, 0.0])).min() > 0.1
    x, output = output_with(1.0 - z, z=tensor(z), networks={"discriminator": lambda z: z * 2 - 1})
    deceived = array(aae()(x, output)["deception"])
    surprise = np.log1p(np.exp(1 - 2 * z[:, 0]))
    np.testing.assert_allclose(deceived, surprise + np.log1p(np.exp([1, 1, 1, -1])).mean(), 1e-5)


def test_a_trained_discriminator_comes_to_it() -> None:
    """q = N(1, 1) and p = N(0, 1): the logit is 1/2 - z."""
    keras.utils.set_random_seed(0)
    loss = aae(discriminator_units=32, discriminator_learning_rate=1e-2)
    network = loss.networks["discriminator"]((3, 2, 1), 1)
    optimizer = loss.players["discriminator"].optimizer()
    variables = network.trainable_variables
    optimizer.build(variables)
    random = np.random.default_rng(0)
    for _ in range(60):
        z, prior_draws = random.normal(size=(2, 512, 1))
        x, output = output_with(prior_draws, z=tensor(z + 1.0))
        output = output._replace(networks={"discriminator": network})

        def value(x: Any = x, output: vaekit.VAEOutput = output) -> Any:
            return keras.ops.mean(loss(x, output)["discrimination"])

        optimizer.apply(gradients(value, variables), variables)
    z = np.linspace(-1.0, 2.0, 7)[:, None]
    np.testing.assert_allclose(array(network(tensor(z))), 0.5 - z, atol=0.25)


def test_the_autoencoder_deceives_and_the_discriminator_tells() -> None:
    players = aae(weight=0.3).players
    assert set(players["loss"].moves) == {"encoder", "latent", "prior", "decoder"}
    assert players["loss"].terms == {"reconstruction": 1.0, "deception": 0.3}
    assert players["discriminator"].moves == ("discriminator",)
    assert players["discriminator"].terms == {"discrimination": 1.0}


@pytest.mark.parametrize("loss", ["wae-mmd", "aae"])
def test_trained_z_comes_to_the_prior(loss: str) -> None:
    """A deterministic code begins beside it, and is drawn in."""
    quick = {"discriminator_units": 64, "discriminator_learning_rate": 0.02}
    options = {"wae-mmd": {"lambda_mmd": 1000}, "aae": {"weight": 30, **quick}}
    made = program(rate=2e-2, loss=loss, loss_opt=options[loss], latent_dim=2, **NAMED_PRIOR)

    def bias_of_z() -> float:
        return float(np.abs(array(made.vae.point(IMAGES, training=True)).mean(axis=0)).max())

    bias = next(v for v in made.vae.trainable_variables if v.path == "encoder_output/bias")
    bias.assign([3.0, -3.0])
    before = bias_of_z()
    compile_train(made, IMAGES)(np.tile(np.arange(64, dtype="int32"), (60, 1)))
    assert before > 2
    assert bias_of_z() < 0.4 * before


@pytest.mark.parametrize("loss", ["wae-mmd", "info-vae", "aae"])
@pytest.mark.parametrize("latent", ["deterministic"])
def test_without_a_prior_there_is_nothing_to_match(loss: str, latent: str) -> None:
    with pytest.raises(vaekit.BuildError, match=rf"'{loss}' needs a prior .*latent '{latent}'"):
        blueprint(latent=latent, loss=loss).build()


@pytest.mark.parametrize("loss", ["wae-mmd", "aae"])
def test_a_prior_that_is_trained_comes_to_z(loss: str) -> None:
    made = program(loss=loss, prior="vamp", prior_opt={"inputs": 3})
    (inputs,) = made.vae.parts["prior"]
    before = array(inputs)
    compile_train(made, IMAGES)(BLOCK)
    assert not np.array_equal(before, array(inputs))
