"""Draws of the prior from noise: now, and as a model that can be saved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from vaekit.distributions import Distribution
from vaekit.errors import UserError
from vaekit.model.process_state import FLOAT32, built_in
from vaekit.model.vae import VAE
from vaekit.wording import option_text

_CHUNK = 1024  # a mixture makes a draw of each of its laws


def noise_dim(vae: VAE) -> int | None:
    """How many values of standard normal noise a draw of the prior is made of.

    None where there is no prior, or it can't be made of normal noise.
    """
    law = vae.prior_distribution()
    return None if law is None else law.noise_dim


def drawn_from_prior(
    vae: VAE, noise: np.ndarray, labels: np.ndarray | None = None, temperature: float = 1.0
) -> np.ndarray:
    """Z `(N, *latent_shape)` from noise `(N, noise_dim)`, by the prior as it is now.

    labels: the class of each, `(N,)`, in a run with a condition. temperature: as for `prior_draws`.
    """
    law = _law(vae, labels, temperature)
    z: np.ndarray = ops.convert_to_numpy(law.from_noise(ops.convert_to_tensor(noise)))
    return z.reshape(-1, *vae.latent_shape)


def prior_draws(
    vae: VAE,
    count: int,
    seed: int,
    labels: np.ndarray | None = None,
    temperature: float = 1.0,
) -> np.ndarray:
    """`count` draws of the prior that a model has, `(count, *latent_shape)`.

    Where the prior is made of noise, that is NumPy's, the same on every backend. labels: the class
    of each, `(count,)`, in a run with a condition. temperature: scales standard deviations.

    Raises `UserError` for another temperature than 1, if the prior has none.
    """
    size = noise_dim(vae)
    if size is None:
        return np.concatenate(list(_draws_of_their_own(vae, count, seed, labels, temperature)))
    noise = np.random.default_rng(seed).standard_normal((count, size)).astype("float32")
    draws = [
        drawn_from_prior(vae, noise[part], None if labels is None else labels[part], temperature)
        for part in _parts(count)
    ]
    return np.concatenate(draws)


def _draws_of_their_own(
    vae: VAE, count: int, seed: int, labels: np.ndarray | None, temperature: float
) -> Iterator[np.ndarray]:
    generator = keras.random.SeedGenerator(seed)
    for part in _parts(count):
        law = _law(vae, None if labels is None else labels[part], temperature)
        lead = () if vae.prior_takes_labels else (part.stop - part.start,)
        z = ops.convert_to_numpy(law.sample(generator, lead))
        yield z.reshape(-1, *vae.latent_shape)


def _parts(count: int) -> Iterator[slice]:
    for start in range(0, count, _CHUNK):
        yield slice(start, min(start + _CHUNK, count))


def _law(vae: VAE, labels: np.ndarray | None, temperature: float) -> Distribution:
    """p(z), or p(z|labels) where the prior goes by the class, at a temperature."""
    codes = None
    if labels is not None and vae.prior_takes_labels:
        codes = ops.convert_to_tensor(labels[:, None], "int32")
    law = vae.prior_distribution(codes)
    assert law is not None
    if temperature == 1.0:
        return law
    tempered = law.tempered(temperature)
    if tempered is None:
        raise UserError(
            f"The prior is a {type(law).__name__}, whose spread no temperature scales: leave out "
            f"{option_text('temperature')}."
        )
    return tempered


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
