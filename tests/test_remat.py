"""Gradient checkpointing: the same step, of which less is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

import vaekit
from tests.parts import blueprint, some_images, values
from vaekit.engine import Program, compile_train
from vaekit.engine.segment_plan import best_plan

pytestmark = pytest.mark.backend


def encoder(image_shape: tuple[int, int, int]) -> keras.Model:
    """Batch norm, dropout and a way round."""
    images = layers.Input(image_shape)
    x = layers.Conv2D(4, 3, strides=2, padding="same")(images)
    x = layers.LeakyReLU()(layers.BatchNormalization()(x))
    around = layers.Conv2D(4, 3, padding="same")(layers.SpatialDropout2D(0.3, seed=1)(x))
    x = layers.Add()([x, layers.BatchNormalization()(around)])
    return keras.Model(images, layers.LeakyReLU()(x))


def decoder(latent_shape: tuple[int, ...], image_shape: tuple[int, int, int]) -> keras.Model:
    """A net within a net."""
    inner_in = layers.Input((4,))
    x = layers.Reshape((4, 4, 4))(layers.Dense(64)(inner_in))
    x = layers.LeakyReLU()(layers.BatchNormalization()(x))
    inner = keras.Model(inner_in, layers.Conv2DTranspose(4, 3, strides=2, padding="same")(x))
    latents = layers.Input(latent_shape)
    flat = layers.Dense(4)(layers.Flatten()(latents))
    images = layers.Conv2D(image_shape[-1], 3, padding="same")(inner(flat))
    return keras.Model(latents, layers.Activation("sigmoid")(images))


def program_of(remat: bool, **config: Any) -> Program:
    vaekit.register_encoder("around", encoder)
    vaekit.register_decoder("nested", decoder)
    parts = {"encoder": "around", "decoder": "nested", "loss": "beta"}
    made = blueprint((8, 8, 1), 0, {**parts, "remat": remat, **config})
    return made.program(optimizer=keras.optimizers.SGD(0.01))


def trained(program: Program) -> tuple[np.ndarray, list[np.ndarray]]:
    block = np.arange(24, dtype="int32").reshape(3, 8)
    return compile_train(program, some_images())(block), values(program)


@pytest.mark.parametrize(
    "config",
    [
        {},
        pytest.param(
            {"precision": "mixed_bfloat16", "accumulate": 2}, marks=pytest.mark.slow, id="mixed"
        ),
    ],
)
def test_steps_and_all_that_they_move_are_the_same(
    registering: Any, config: dict[str, Any]
) -> None:
    """Weights, batch norm's averages, and the random states of z and of dropout."""
    (rows, state), (plain, expected) = (trained(program_of(on, **config)) for on in (True, False))
    rtol, atol = (2e-2, 1e-2) if "precision" in config else (1e-4, 1e-6)
    np.testing.assert_allclose(rows, plain, rtol=rtol, atol=atol)
    for one, other in zip(state, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=rtol, atol=atol)


@pytest.mark.quick
def test_a_net_is_cut_where_little_is_kept() -> None:
    """By hand: cuts keep 1 each, and the largest segment is then one of the three of 24."""
    sizes = [16, 8, 16, 8, 16, 8]
    plan = best_plan(sizes, [99, 1, 99, 1, 99, 0])
    assert plan.segments == [(0, 2), (2, 4), (4, 6)]
    assert plan.held == 2 + 24
    assert best_plan(sizes, [99] * 6).segments == [(0, 6)]
    assert best_plan([], []).segments == []


def test_a_run_says_where_nothing_is_saved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vaekit.train(
        data=some_images(),
        encoder="mlp",
        decoder="mlp",
        epochs=1,
        batch_size=8,
        remat=True,
        figures=False,
        out=tmp_path / "run",
    )
    said = "".join(capsys.readouterr())
    assert ("undoes --remat" in said or "undoes remat" in said) == (
        keras.backend.backend() == "jax"
    )
