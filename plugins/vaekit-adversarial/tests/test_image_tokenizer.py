"""The image tokeniser's terms and adaptive weight by hand, its late start, and its features."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import vaekit
from keras import layers, ops
from parts import IMAGES, array, program, tensor
from vaekit.autodiff import gradient
from vaekit.engine import Evaluation, compile_train
from vaekit_adversarial.image_tokenizer import image_tokenizer
from vaekit_adversarial.late_start import LateStart
from vaekit_adversarial.patch_discriminator import patch_discriminator

SMALL = {"width": 2, "start": 0}
BLOCK = np.arange(32, dtype="int32").reshape(4, 8)


@pytest.mark.parametrize(
    ("side", "patches", "filters"),
    [(8, 4, [2, 4]), (9, 5, [2, 4]), (28, 7, [2, 4, 8]), (64, 8, [2, 4, 8, 16])],
)
def test_it_judges_patches_as_deep_as_the_image_allows(
    side: int, patches: int, filters: list[int]
) -> None:
    network = patch_discriminator((side, side + 4, 3), 5, width=2)
    assert network.outputs[0].shape[1] == patches
    convolutions = [layer for layer in network.layers if isinstance(layer, layers.Conv2D)]
    assert [layer.filters for layer in convolutions] == [*filters, 1]


@pytest.mark.parametrize(("step", "expected"), [(0, 0), (9, 0), (10, 1), (11, 1), (10**9, 1)])
def test_it_starts_late(step: int, expected: int) -> None:
    assert array(LateStart(10)(ops.convert_to_tensor(step, "int32"))) == expected


def terms_of(error: Any, started: float = 1.0, **options: Any) -> dict[str, np.ndarray]:
    """Of three images of 2x3 pixels; D is 2 x the sum of the pixels, less 3.5, at two patches."""
    x, y = np.random.default_rng(0).random((2, 3, 2, 3, 1))
    reconstruction = tensor(y)

    def judged(images: Any) -> Any:
        logit = 2.0 * ops.sum(images, axis=(1, 2, 3)) - 3.5
        return ops.tile(ops.reshape(logit, (-1, 1, 1, 1)), (1, 2, 1, 1))

    draw = vaekit.Draw(None, None, None, tensor(np.ones((3, 2))))
    output = vaekit.VAEOutput(
        reconstruction,
        None,
        None,
        schedule={"adversarial_start": tensor(started)},
        draw=draw,
        networks={"discriminator": judged},
        # As of a decoder whose last layer adds its kernel to the image.
        last_layer_gradient=lambda f: gradient(f, reconstruction),
    )
    terms = image_tokenizer(error=error, **options)(tensor(x), output)
    return {**{name: array(term) for name, term in terms.items()}, "x": x, "y": y}


@pytest.mark.backend
@pytest.mark.parametrize("error", ["l1", "l2"])
def test_terms_and_the_adaptive_weight_by_hand(error: str) -> None:
    got = terms_of(error, kl_weight=0.3, adversarial_weight=0.5)
    away = got["y"] - got["x"]
    slope = np.sign(away) if error == "l1" else 2 * away
    expected = np.abs(away) if error == "l1" else away**2
    np.testing.assert_allclose(got["error"], expected.mean((1, 2, 3)), rtol=1e-5)
    np.testing.assert_allclose(got["weighted_kl"], 0.3 * 2 / 6, rtol=1e-5)
    real, rebuilt = (2 * got[name].sum((1, 2, 3)) - 3.5 for name in "xy")
    hinge = 0.5 * (np.maximum(0, 1 - real) + np.maximum(0, 1 + rebuilt))
    np.testing.assert_allclose(got["discrimination"], hinge, rtol=1e-5)
    # Gradients of means over three images of six values: D's is -2 in each.
    adaptive = np.linalg.norm(slope / 18) / (np.linalg.norm(np.full(18, 2 / 3)) + 1e-4)
    np.testing.assert_allclose(got["adaptive_weight"], adaptive, rtol=1e-4)
    np.testing.assert_allclose(got["weighted_deception"], -0.5 * adaptive * rebuilt, rtol=1e-4)


def test_before_its_start_the_discriminator_plays_no_part() -> None:
    got = terms_of("l1", started=0.0)
    np.testing.assert_array_equal(got["weighted_deception"], 0.0)
    np.testing.assert_array_equal(got["discrimination"], 0.0)

    made = program(loss="image-tokenizer", loss_opt={"width": 2, "start": 2})
    network = made.networks["discriminator"]
    train = compile_train(made, IMAGES)
    before = [np.array(v.numpy()) for v in network.variables]
    train(BLOCK[:2])
    for variable, value in zip(network.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)
    train(BLOCK[2:])
    moved = [
        not np.array_equal(v.numpy(), value)
        for v, value in zip(network.variables, before, strict=True)
    ]
    assert all(moved)


@pytest.mark.backend
def test_the_weight_in_a_step_is_that_of_the_decoders_last_layer() -> None:
    """The tiny decoder ends in a dense layer: its kernel's gradient is what it's given, times."""
    made = program(loss="image-tokenizer", loss_opt=SMALL)
    x = IMAGES[:8]
    figures = Evaluation(made, x)()
    minimised = ("error", "weighted_kl", "weighted_deception")
    assert figures["loss"] == pytest.approx(sum(figures[name] for name in minimised), rel=1e-5)
    assert "elbo" not in figures

    # A draw of z is made again from the same state.
    made.restart_evaluation()
    _, output = made._evaluated(ops.convert_to_tensor(x))
    last = [layer for layer in made.vae.decoder.layers if isinstance(layer, layers.Dense)][-1]
    hidden = array(keras.Model(made.vae.decoder.inputs, last.input)(output.z))
    judged = made.networks["discriminator"]

    def deception(images: Any) -> Any:
        return -ops.mean(judged(images), axis=(1, 2, 3))

    of_error = np.sign(array(output.reconstruction) - x) / x[0].size
    of_deception = array(gradient(deception, ops.stop_gradient(output.reconstruction)))
    norms = [
        np.linalg.norm(hidden.T @ slope.reshape(8, -1) / 8) for slope in (of_error, of_deception)
    ]
    assert figures["adaptive_weight"] == pytest.approx(norms[0] / (norms[1] + 1e-4), rel=1e-3)


def test_a_network_adds_its_distance(tmp_path: Path) -> None:
    inputs = layers.Input((8, 8, 1))
    path = tmp_path / "network.keras"
    keras.Model(inputs, layers.Conv2D(3, 3, name="first")(inputs)).save(path)
    options = {**SMALL, "network": str(path), "layers": "first"}
    made = program(loss="image-tokenizer", loss_opt=options)
    assert made.terms == ("error", "perceptual", "weighted_kl", "weighted_deception")
    row = made.columns.means(compile_train(made, IMAGES)(BLOCK)[0], 8)
    assert row["perceptual"][0] > 0
