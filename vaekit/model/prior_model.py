"""Draws of the prior from noise: now, and as a model that can be saved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from vaekit.distributions import Distribution
from vaekit.model.process_state import FLOAT32, built_in
from vaekit.model.vae import VAE

_CHUNK = 1024  # a mixture makes a draw of each of its laws


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
    law = _law(vae, labels)
    assert law is not None
    z: np.ndarray = ops.convert_to_numpy(law.from_noise(ops.convert_to_tensor(noise)))
    return z.reshape(-1, *vae.latent_shape)


def prior_draws(
    vae: VAE, count: int, seed: int, labels: np.ndarray | None = None
) -> np.ndarray | None:
    """`count` draws of the prior, `(count, *latent_shape)`; None where there is no prior.

    Where the prior is made of noise, that is NumPy's, the same on every backend. labels: the class
    of each, `(count,)`, in a run with a condition.
    """
    if vae.prior_distribution() is None:
        return None
    size = noise_dim(vae)
    if size is None:
        return np.concatenate(list(_draws_of_their_own(vae, count, seed, labels)))
    noise = np.random.default_rng(seed).standard_normal((count, size)).astype("float32")
    draws = [
        drawn_from_prior(vae, noise[part], None if labels is None else labels[part])
        for part in _parts(count)
    ]
    return np.concatenate(draws)


def _draws_of_their_own(
    vae: VAE, count: int, seed: int, labels: np.ndarray | None
) -> Iterator[np.ndarray]:
    generator = keras.random.SeedGenerator(seed)
    for part in _parts(count):
        law = _law(vae, None if labels is None else labels[part])
        assert law is not None
        lead = () if vae.prior_takes_labels else (part.stop - part.start,)
        z = ops.convert_to_numpy(law.sample(generator, lead))
        yield z.reshape(-1, *vae.latent_shape)


def _parts(count: int) -> Iterator[slice]:
    for start in range(0, count, _CHUNK):
        yield slice(start, min(start + _CHUNK, count))


def _law(vae: VAE, labels: np.ndarray | None) -> Distribution | None:
    """p(z), or p(z|labels) where the prior goes by the class."""
    if labels is None or not vae.prior_takes_labels:
        return vae.prior_distribution()
    return vae.prior_distribution(ops.convert_to_tensor(labels[:, None], "int32"))


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
