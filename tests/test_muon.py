"""Which weights of a whole model Muon moves along orthogonal matrices, and which by Adam."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from tests.parts import blueprint
from vaekit.optimizer import Muon, OneCycle


@pytest.mark.parametrize(
    ("config", "decoded"),
    [
        ({}, 2),
        ({"condition": "labels", "prior": "mixture", "prior_opt": {"components": 20}}, 12),
        ({"latent_opt": {"grid": True}, "prior": "vamp", "prior_opt": {"inputs": 9}}, 8),
        ({"latent": "full-normal", "latent_dim": 4}, 4),
    ],
)
def test_what_lies_between_encoder_and_decoder_goes_by_adam(config, decoded):
    """Heads, mixtures and pseudo-inputs are no kernels of hidden layers, whatever their shape."""
    config = {"encoder_opt": {"width": 8}, "decoder_opt": {"width": 16}, "loss": "elbo", **config}
    made = blueprint((8, 8, 3), 0, {**config, "recipe": "fast"})._replace(classes=10)
    program = made.program()
    slots = {variable.path.partition("/")[2] for variable in program.optimizer.variables}
    parts = program.vae.parts
    by_adam = {
        variable.path
        for variable in program.vae.trainable_variables
        if f"{variable.path.replace('/', '_')}_velocity" in slots
    }
    assert by_adam >= {variable.path for variable in (*parts["latent"], *parts["prior"])}
    kernels = [v for v in (*parts["encoder"], *parts["decoder"]) if v.path.endswith("kernel")]
    (at_latents,) = [v for v in kernels if len(v.shape) == 2]
    assert at_latents.path in by_adam
    assert at_latents.shape[0] == decoded
    assert {v.path for v in kernels if min(v.shape[-2:]) > 4 and v is not at_latents}.isdisjoint(
        by_adam
    )


def test_a_player_without_an_optimizer_gets_one_like_the_runs():
    curve = OneCycle(0.1, rising=2, steps=10)
    run = Muon(curve, latent_dim=3, by_adam=["pseudo_inputs"])
    made = type(run).from_config(run.get_config())
    assert made.get_config() == run.get_config()
    made.build([keras.Variable(np.zeros((8, 8)), dtype="float32", name="pseudo_inputs")])
    assert made.variables[-1].path.endswith("velocity")
