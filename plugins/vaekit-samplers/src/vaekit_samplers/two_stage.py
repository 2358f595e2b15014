"""A second VAE on the codes of the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import keras
import numpy as np
import vaekit
from annotated_types import Ge, Gt
from keras import layers, ops
from vaekit import distributions

from vaekit_samplers.by_class import ByClass
from vaekit_samplers.descent import descend, restore, state_of

_LOG_VAR = -4.0


class SecondVAE(keras.Model):  # type: ignore[misc]  # Keras has no types
    """A VAE of vectors, p(z|u) = N(decoder(u), gamma^2 I), u as long as z.

    Called on z and noise `(B, D)`, it gives the negative ELBO of each, `(B,)`, in nats. gamma^2 is
    the mean squared error of the batch, which is where the ELBO is largest.
    """

    def __init__(self, size: int, units: int) -> None:
        super().__init__()
        self.size = size
        values, hidden = _hidden(size, units)
        # Begun nearly without noise: with as much of it as N(0, I) has, it may never use u.
        log_var = layers.Dense(
            size,
            kernel_initializer="zeros",
            bias_initializer=keras.initializers.Constant(_LOG_VAR),
        )
        self.encoder = keras.Model(values, [layers.Dense(size)(hidden), log_var(hidden)])
        values, hidden = _hidden(size, units)
        self.decoder = keras.Model(values, layers.Dense(size)(hidden))
        self([np.zeros((1, size), "float32")] * 2)

    def posterior(self, z: Any) -> distributions.DiagonalNormal:
        """q(u|z)."""
        return distributions.DiagonalNormal(*self.encoder(z))

    def call(self, inputs: Sequence[Any]) -> Any:
        """-log p(z|u) + KL(q(u|z) || N(0, I)), u being made of the noise."""
        z, noise = inputs
        mean = self.reconstruction(z, noise)
        log_gamma2 = ops.log(ops.mean(ops.square(z - mean)) + 1e-6)
        log_p = distributions.normal_log_prob(z, mean, log_gamma2)
        return self.posterior(z).kl() - ops.sum(log_p, axis=-1)

    def reconstruction(self, z: Any, noise: Any) -> Any:
        """The mean of p(z|u), u being made of z and the noise."""
        return self.decoder(self.posterior(z).from_noise(noise))


def _hidden(size: int, units: int) -> tuple[Any, Any]:
    """Values, and two hidden layers of them, beside which they go on, as the paper has it."""
    values = layers.Input((size,))
    hidden = layers.Dense(units, activation="relu")(values)
    hidden = layers.Dense(units, activation="relu")(hidden)
    return values, layers.Concatenate()([values, hidden])


class TwoStageSampler(vaekit.Sampler):
    """u ~ N(0, I), z ~ p(z|u); see `two_stage`."""

    needs_posterior = True
    has_temperature = True

    def __init__(
        self, latent_space: vaekit.LatentSpace, units: int, epochs: int, rate: float
    ) -> None:
        self._space = latent_space
        self._units, self._epochs, self._rate = units, epochs, rate

    def fit(self, encodings: vaekit.Encodings, seed: int) -> None:
        """Train the second VAE on draws of the first one's posteriors, new ones each epoch."""
        self.centre = encodings.flat.mean(axis=0)
        self.spread = np.maximum(encodings.flat.std(axis=0), 1e-6)
        self.vae = SecondVAE(self._space.size, self._units)
        posterior = self._space.posterior(encodings.parameters)

        def epoch_inputs(rng: np.random.Generator) -> Sequence[np.ndarray]:
            draw = keras.random.SeedGenerator(int(rng.integers(2**31)))
            z = self.standardised(ops.convert_to_numpy(posterior.sample(draw)))
            return z, rng.standard_normal(z.shape).astype("float32")

        descend(self.vae, epoch_inputs, epochs=self._epochs, rate=self._rate, seed=seed)
        z, noise = epoch_inputs(np.random.default_rng(seed))
        away = z - ops.convert_to_numpy(self.vae.reconstruction(z, noise))
        self.gamma = np.sqrt(np.mean(np.square(away)))

    def standardised(self, z: np.ndarray) -> np.ndarray:
        """z `(N, D)`, of mean 0 and variance 1 over the training images."""
        return ((z - self.centre) / self.spread).astype("float32")

    def sample(
        self, count: int, seed: int, temperature: float = 1.0, labels: np.ndarray | None = None
    ) -> np.ndarray:
        noise = np.random.default_rng(seed).standard_normal((2, count, self._space.size))
        noise = (temperature * noise).astype("float32")
        mean = ops.convert_to_numpy(self.vae.decoder(noise[0]))
        z = self.centre + self.spread * (mean + self.gamma * noise[1])
        return z.reshape(count, *self._space.shape).astype("float32")

    def state(self) -> Mapping[str, np.ndarray]:
        """`centre` and `spread` `(D,)`, `gamma`, and the second VAE's weights."""
        scales = {"centre": self.centre, "spread": self.spread, "gamma": self.gamma}
        return {**scales, **state_of(self.vae)}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        self.centre, self.spread = state["centre"], state["spread"]
        self.gamma = state["gamma"]
        self.vae = SecondVAE(self._space.size, self._units)
        restore(self.vae, state)


def two_stage(
    latent_space: vaekit.LatentSpace,
    *,
    units: Annotated[int, Ge(1)] = 256,
    epochs: Annotated[int, Ge(1)] = 50,
    rate: Annotated[float, Gt(0)] = 1e-3,
) -> vaekit.Sampler:
    """A second VAE, of draws of the first one's posteriors, whose own latent is nearer to N(0, I).

    Dai and Wipf, "Diagnosing and Enhancing VAE Models" (arXiv:1903.05789), section 3.2: the second
    latent has as many values as the first, and the variance of its Gaussian likelihood is learned.
    A temperature scales the noise of both of its laws. In a run with a condition, each class has
    one of its own.

    Args:
        units: of each of the two hidden layers of its encoder and its decoder.
        epochs: passes over the training images.
        rate: Adam's step size at the start; it falls to 0 by a cosine.
    """
    return ByClass(latent_space, lambda: TwoStageSampler(latent_space, units, epochs, rate))
