"""The noise of a draw as an input: of one layer or of several, and of none other."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from vaekit.export.part import AbsentPartError
from vaekit.export.sampled import sampled_autoencoder
from vaekit.latent import Latent


class TwoDraws(Latent):
    """A latent that draws by two layers, as a ladder does."""

    def __init__(self, layer: Any) -> None:
        self.layer = layer

    def shape(self, features: Any) -> Any:
        return (2,)

    def heads(self, features: Any) -> Any:
        return {"z": layers.Dense(2)(features)}

    def posterior(self, parameters: Any) -> Any:
        raise NotImplementedError

    def point(self, parameters: Any) -> Any:
        return parameters["z"]

    def draw(self, parameters: Any) -> Any:
        z = parameters["z"]
        for scale in (2.0, 3.0):
            zeros = layers.Rescaling(0.0)(z)
            noise = layers.Rescaling(scale)(self.layer(zeros, training=True))
            z = layers.Add()([z, noise])
        return z


class SmallVAE:
    """What `sampled_autoencoder` asks of a VAE."""

    def __init__(self, layer: Any) -> None:
        images = layers.Input((2,))
        latent = TwoDraws(layer)
        parameters = latent.heads(images)
        self.encoder = keras.Model(images, latent.draw(parameters))
        self.point = keras.Model(images, latent.point(parameters))
        z = layers.Input((2,))
        self.decoder = keras.Model(z, layers.Rescaling(1.0)(z))


def test_noise_of_several_layers_is_one_vector() -> None:
    vae: Any = SmallVAE(lambda zeros, training: layers.GaussianNoise(1.0)(zeros, training=training))
    model, shape = sampled_autoencoder(vae)
    assert shape == (4,)
    images = np.ones((1, 2), "float32")
    z = np.asarray(model([images, np.array([[1.0, 0.0, 0.0, 10.0]], "float32")]))
    np.testing.assert_allclose(z - np.asarray(vae.point(images)), [[2.0, 30.0]], rtol=1e-5)


def test_what_draws_by_another_layer_has_no_vae_to_export() -> None:
    vae: Any = SmallVAE(lambda zeros, training: layers.Dropout(0.5)(zeros, training=training))
    with pytest.raises(AbsentPartError, match=r"by a layer Dropout.*: export encoder, posterior"):
        sampled_autoencoder(vae)
