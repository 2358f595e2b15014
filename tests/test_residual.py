"""The residual encoder and decoder; the conformance suite looks at them as at any part."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import vaekit
from tests.parts import make_vae, some_images
from vaekit.default_plugins.residual import decoder, encoder

SHAPES = [(8, 8, 1), (9, 20, 3), (33, 64, 2), (64, 64, 3), (256, 200, 3)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_maps_end_at_4x4_or_less_on_their_lesser_side(shape):
    features = encoder(shape, width=1, depth=0).output_shape
    lesser, longer = sorted(features[1:3])
    assert 3 <= lesser <= 4
    assert longer / lesser <= 2 * max(shape[:2]) / min(shape[:2])


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_an_image_has_the_size_that_was_asked_for(shape):
    images = decoder(5, shape, width=1, depth=1)(np.zeros((2, 5), "float32"))
    assert tuple(images.shape) == (2, *shape)


def even(model: keras.Model) -> np.ndarray:
    """A 32x32 image of a decoder whose first map is the same everywhere, without its border."""
    dense = next(layer for layer in model.layers if isinstance(layer, keras.layers.Dense))
    kernel, bias = dense.get_weights()
    channels = model.get_layer("decoder_reshape").output.shape[-1]
    values = np.random.default_rng(0).normal(size=channels)
    dense.set_weights([0 * kernel, np.tile(values, len(bias) // channels)])
    image = keras.ops.convert_to_numpy(model(np.zeros((1, 2), "float32")))[0]
    return image[14:18, 14:18]


def test_images_that_are_mostly_black_are_learned(tmp_path):
    """A sigmoid that every pixel drives far to its flat side has no gradient left."""
    run = vaekit.train(
        data="mnist-sample",
        limit=1000,
        encoder="small",
        decoder="residual",
        epochs=3,
        batch_size=32,
        figures=False,
        progress=False,
        out=tmp_path / "run",
    )
    pixels = run.held_out().images.pixels / np.float32(255)
    black, mean = (1000 * float(np.mean((pixels - of) ** 2)) for of in (0, pixels.mean(0)))
    assert run.history[-1]["val_reconstruction"] < mean < black
    assert run.reconstruct(run.held_out(limit=8).images).max() > 0.5


def test_what_is_even_stays_even():
    """A transposed convolution of stride 2 makes a checkerboard of it."""
    keras.utils.set_random_seed(0)
    image = even(decoder(2, (32, 32, 3), width=8, depth=0))
    np.testing.assert_allclose(image, np.broadcast_to(image[0, 0], image.shape), atol=1e-6)
    keras.utils.set_random_seed(0)
    from vaekit.default_plugins.deconv4 import deconv4

    assert np.ptp(even(deconv4(2, (32, 32, 3), width=8)), axis=(0, 1)).max() > 1e-3


def test_a_block_begins_as_nothing():
    """Deep and shallow nets are the same function before the first step."""
    images = some_images(3, (16, 16, 3)) / np.float32(255)
    outputs = []
    for depth in (0, 2):
        keras.utils.set_random_seed(0)
        model = encoder((16, 16, 3), width=4, depth=depth)
        for layer in model.layers:
            if layer.name.endswith("_down"):
                kernel, bias = layer.get_weights()
                layer.set_weights([np.full_like(kernel, 0.1), bias])
        outputs.append(keras.ops.convert_to_numpy(model(images)))
    np.testing.assert_array_equal(*outputs)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_saved_models_open_as_strangers_do(tmp_path, suffix):
    vae = make_vae((9, 12, 3), encoder="residual", decoder="residual", loss="sigma")
    images = some_images(2, (9, 12, 3)) / np.float32(255)
    path = tmp_path / f"model{suffix}"
    vae.posterior.save(path)
    again = vaekit.load_model(path)
    for one, other in zip(again(images), vae.posterior(images), strict=True):
        np.testing.assert_array_equal(*map(keras.ops.convert_to_numpy, (one, other)))


def test_in_a_graph_at_rest_each_slope_is_the_layer_s_own():
    """TensorFlow's fusion of a convolution, a sum and a leaky ReLU has a slope of 0.2."""
    images = keras.layers.Input((4, 4, 2))
    changed = keras.layers.Conv2D(2, 3, padding="same")(images)
    features = keras.layers.LeakyReLU(0.3)(keras.layers.Add()([images, changed]))
    block = keras.Model(images, features)
    values = np.random.default_rng(0).normal(size=(5, 4, 4, 2)).astype("float32")
    at_once = keras.ops.convert_to_numpy(block(values))
    np.testing.assert_allclose(block.predict(values, verbose=0), at_once, atol=1e-6)
