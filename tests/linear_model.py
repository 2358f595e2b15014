"""A trained model whose likelihood and posteriors are known: probabilistic PCA, built of parts.

z is N(0, I), and x is N(centre + loading z, sigma^2 I): Tipping and Bishop, "Probabilistic
Principal Component Analysis" (1999). p(z|x) is N(M^-1 W' (x - centre) / sigma^2, M^-1) with M = I +
W' W / sigma^2, a diagonal where the columns of W are orthogonal; the encoder is linear and gives
that, or what a test puts in its place.
"""

from __future__ import annotations

from typing import NamedTuple

import keras
import numpy as np

import vaekit
from tests.parts import make_program
from vaekit.engine import ProgramModel

SHAPE = (2, 3, 1)
SIGMA = 0.3
LATENTS = 2


def flat_features(image_shape: tuple[int, int, int]) -> keras.Model:
    x = keras.Input(image_shape)
    return keras.Model(x, keras.layers.Flatten(name="features")(x))


def linear_decoder(latent_dim: int, image_shape: tuple[int, int, int]) -> keras.Model:
    z = keras.Input((latent_dim,))
    pixels = keras.layers.Dense(int(np.prod(image_shape)), name="linear")(z)
    return keras.Model(z, keras.layers.Reshape(image_shape)(pixels))


class Linear(NamedTuple):
    """The model, and what is known of it."""

    model: ProgramModel
    loading: np.ndarray
    centre: np.ndarray
    weights: dict[str, np.ndarray]

    def images(self, count: int, seed: int = 0) -> vaekit.Images:
        """Drawn from the model."""
        rng = np.random.default_rng(seed)
        z = rng.normal(size=(count, self.loading.shape[1]))
        x = self.centre + z @ self.loading.T + SIGMA * rng.normal(size=(count, len(self.centre)))
        return vaekit.Images(x.reshape(-1, *SHAPE).astype("float32"))

    def log_evidence(self, images: vaekit.Images) -> np.ndarray:
        """Log p(x), exactly."""
        covariance = self.loading @ self.loading.T + SIGMA**2 * np.eye(len(self.centre))
        away = np.asarray(images.pixels, "float64").reshape(-1, len(self.centre)) - self.centre
        _, log_det = np.linalg.slogdet(2 * np.pi * covariance)
        return -0.5 * (log_det + np.sum(away @ np.linalg.inv(covariance) * away, axis=1))

    def posterior(self, images: vaekit.Images) -> tuple[np.ndarray, np.ndarray]:
        """Means and variances of p(z|x), `(N, D)` and `(D,)`."""
        variance = 1 / (1 + np.sum(self.loading**2, axis=0) / SIGMA**2)
        away = np.asarray(images.pixels, "float64").reshape(-1, len(self.centre)) - self.centre
        return variance * (away @ self.loading) / SIGMA**2, variance


def linear_model(shift: float = 0.0, narrower: float = 0.0, slope: float = 1.0) -> Linear:
    """A model whose encoder gives the exact posteriors, or others by so much.

    shift: added to the means. narrower: taken from the log-variances. slope: of the means.

    It registers parts: use it with the fixture `registering`.
    """
    vaekit.register_encoder("flat", flat_features)
    vaekit.register_decoder("linear", linear_decoder)
    rng = np.random.default_rng(1)
    size = int(np.prod(SHAPE))
    orthogonal = np.linalg.qr(rng.normal(size=(size, LATENTS)))[0]
    loading, centre = orthogonal * np.linspace(1.0, 0.5, LATENTS), np.full(size, 0.5)
    variance = 1 / (1 + np.sum(loading**2, axis=0) / SIGMA**2)
    kernel = slope * variance * loading / SIGMA**2
    weights = {
        "encoder_mu/kernel": kernel,
        "encoder_mu/bias": shift - centre @ kernel,
        "encoder_log_variance/kernel": np.zeros((size, LATENTS)),
        "encoder_log_variance/bias": np.log(variance) - narrower,
        "linear/kernel": loading.T,
        "linear/bias": centre,
    }
    program = make_program(
        SHAPE,
        encoder="flat",
        decoder="linear",
        latent_dim=LATENTS,
        loss="elbo",
        loss_opt={"likelihood": "gaussian", "sigma": SIGMA},
    )
    for variable in program.vae.trainable_variables:
        variable.assign(weights[variable.path])
    return Linear(ProgramModel(program, None, None), loading, centre, weights)


def measured(metric: vaekit.Metric, linear: Linear, images: vaekit.Images, seed: int = 0):
    """What a metric tells of images."""
    return metric(vaekit.Measurement(linear.model, images, lambda: images, seed=seed))
