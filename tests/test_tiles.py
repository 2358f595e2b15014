"""Maps of latents decoded in tiles are the images that are decoded whole."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from vaekit.errors import UserError
from vaekit.model import decoded_in_tiles

pytestmark = pytest.mark.backend

MAP = (13, 11, 3)


def decoder(*, norm=None, end=None, side=MAP):
    """Two convolutions, a larger map between them by a transposed one and by interpolation."""
    keras.utils.set_random_seed(0)
    z = layers.Input(side)
    features = layers.Conv2D(4, 3, padding="same", activation="relu")(z)
    features = layers.Conv2DTranspose(4, 3, strides=2, padding="same")(features)
    if norm is not None:
        features = norm(features)
    features = layers.UpSampling2D(interpolation="bilinear")(layers.LeakyReLU()(features))
    images = layers.Conv2D(2, 5, padding="same", activation="sigmoid")(features)
    return keras.Model(z, images if end is None else end(images))


def latents(count=2, side=MAP):
    return np.random.default_rng(0).normal(size=(count, *side)).astype("float32")


@pytest.mark.parametrize("tile", [1, 4, 6, 20])
def test_images_are_the_same(tile):
    model, z = decoder(norm=layers.BatchNormalization()), latents()
    whole = model.predict_on_batch(z)
    tiles = decoded_in_tiles(model, z, tile)
    assert tiles.shape == (2, 52, 44, 2)
    np.testing.assert_allclose(tiles, whole, rtol=0, atol=1e-5)


def test_a_call_sees_a_tile_and_its_margin(monkeypatch):
    model, z = decoder(side=(64, 64, 3)), latents(1, (64, 64, 3))
    whole = model.predict_on_batch(z)
    seen, plain = [], keras.Model.predict_on_batch
    monkeypatch.setattr(
        keras.Model, "predict_on_batch", lambda self, x: seen.append(x.shape) or plain(self, x)
    )
    np.testing.assert_allclose(decoded_in_tiles(model, z, 8), whole, rtol=0, atol=1e-5)
    assert max(shape[1] for shape in seen) < 24
    # A tile of 8, and as many places beside it as two convolutions and two enlargements reach.
    assert seen[-1] == (1, 14, 14, 3)
    assert seen.count((1, 14, 14, 3)) >= 64


GLOBAL = {
    "norm over places": (
        lambda: decoder(norm=layers.GroupNormalization(2)),
        r"each place changes the whole image",
    ),
    "dense layers": (
        lambda: keras.Sequential(
            [
                layers.Input(MAP),
                layers.Flatten(),
                layers.Dense(26 * 22),
                layers.Reshape((26, 22, 1)),
            ]
        ),
        "made for one size of maps",
    ),
    "no whole number of pixels": (
        lambda: decoder(end=layers.Cropping2D(((0, 1), (0, 0)))),
        "no whole number each",
    ),
    "cropped": (lambda: decoder(end=layers.Cropping2D(((0, 13), (0, 11)))), "one size of maps"),
    "no map": (
        lambda: keras.Sequential([layers.Input((4,)), layers.Dense(64), layers.Reshape((8, 8, 1))]),
        "Only a map of latents",
    ),
}


@pytest.mark.parametrize("case", GLOBAL)
def test_what_would_not_be_the_same_is_refused(case):
    make, why = GLOBAL[case]
    model = make()
    z = latents(1, tuple(model.inputs[0].shape[1:]))
    with pytest.raises(UserError, match=why):
        decoded_in_tiles(model, z, 4)


def test_a_place_that_is_drawn_otherwise_is_refused():
    """A layer whose weights hang on the place has one size."""

    class Ramp(layers.Layer):
        def call(self, x):
            return x + keras.ops.arange(x.shape[1], dtype="float32")[:, None, None]

    with pytest.raises(UserError, match="not the part of its image"):
        decoded_in_tiles(decoder(norm=Ramp()), latents(1), 2)
