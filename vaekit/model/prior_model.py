"""The prior as a model: noise to z."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from vaekit.model.process_state import FLOAT32, built_in
from vaekit.model.vae import VAE


def prior_model(vae: VAE) -> keras.Model | None:
    """Standard normal noise `(B, N)` -> z in the latent's shape, from the prior as it is now.

    Where the prior goes by the class, it takes `[noise, labels]`. None where there is no prior, or
    it can't be made of normal noise. What the prior has learned is a constant in it.
    """
    labels: Any = None
    if vae.prior_takes_labels:
        assert vae.condition is not None
        labels = vae.condition.labels("prior_labels")
    law = vae.prior_distribution(labels)
    if law is None or law.noise_dim is None:
        return None
    noise = layers.Input((law.noise_dim,), name="noise")
    with built_in(FLOAT32):
        z = law.from_noise(noise)
        if len(vae.latent_shape) > 1:
            z = layers.Reshape(vae.latent_shape, name="prior_map")(z)
    return keras.Model(noise if labels is None else [noise, labels], z, name="prior")
