"""Encoder and decoder `mlp`: their sizes against the papers', and what they compute."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import vaekit
from vaekit.default_plugins import mlp
from vaekit.options import check_options, options_of
from vaekit.plugins import discover


def test_mlp_has_the_layers_that_are_asked_for() -> None:
    """784-256-128, as the hyperspherical VAE's nets: a matrix and a bias for each layer."""
    there = mlp.encoder((28, 28, 1), units=(256, 128))
    back = mlp.decoder(10, (28, 28, 1), units=(128, 256))
    assert there.count_params() == (784 + 1) * 256 + (256 + 1) * 128 == 233_856
    assert back.count_params() == (10 + 1) * 128 + (128 + 1) * 256 + (256 + 1) * 784 == 235_920
    assert there.output_shape == (None, 128)


def test_mlp_is_what_its_matrices_say() -> None:
    model = mlp.encoder((2, 3, 1), units=(5,), activation="tanh")
    x = np.random.default_rng(0).standard_normal((4, 2, 3, 1), dtype="float32")
    kernel, bias = (np.asarray(w.numpy()) for w in model.weights)
    np.testing.assert_allclose(
        np.asarray(keras.ops.convert_to_numpy(model(x, training=False))),
        np.tanh(x.reshape(4, 6) @ kernel + bias),
        rtol=1e-5,
        atol=1e-6,
    )


def test_units_come_from_the_command_line_as_a_list() -> None:
    part = discover().registry.get("encoder", "mlp")
    assert options_of(part)["units"].type_name == "tuple[int, ...]"
    assert check_options(part, {"units": "256,128"})["units"] == (256, 128)
    with pytest.raises(vaekit.OptionError, match=r"'mlp' takes units=tuple\[int, ...\], not '0'"):
        check_options(part, {"units": "0"})


def test_without_a_layer_features_are_the_pixels() -> None:
    assert mlp.encoder((2, 3, 1), units=()).count_params() == 0
    assert mlp.decoder(4, (2, 3, 1), units=()).count_params() == (4 + 1) * 6
