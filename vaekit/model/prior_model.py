"""Draws of the prior from noise: now, and as a model that can be saved."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from vaekit.model.process_state import FLOAT32, built_in
from vaekit.model.vae import VAE


def noise_dim(vae: VAE) -> int | None:
    """How many values of standard normal noise a draw of the prior is made of.

    None where there is no prior, or it can't be made of normal noise.
    """
    law = vae.prior_distribution()
    return None if law is None else law.noise_dim


def drawn_from_prior(vae: VAE, noise: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
    """Z `(N, *latent_shape)` from noise `(N, noise_dim)`, by the prior as it is now.

    labels: the class of each, `(N,)`, in a run with a condition.
    """
    classes = None if labels is None else ops.convert_to_tensor(labels[:, None], "int32")
    law = vae.prior_distribution(classes if vae.prior_takes_labels else None)
    assert law is not None
    z: np.ndarray = ops.convert_to_numpy(law.from_noise(ops.convert_to_tensor(noise)))
    return z.reshape(-1, *vae.latent_shape)


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
