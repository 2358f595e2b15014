"""Kullback-Leibler terms, log-probabilities and reparameterised samples, in nats.

Images have shape `(..., H, W, C)`; a log-probability sums over the last three axes and keeps the
rest. Latents have shape `(B, latent_dim)`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import keras
from keras import ops

from vaekit.types import ImageShape, Tensor

_PIXELS = (-3, -2, -1)


class Posterior(NamedTuple):
    """The diagonal normal q(z|x) that the encoder gives for each image.

    Both fields have shape `(B, latent_dim)`; `z_log_var` is the natural logarithm of the variance.
    """

    z_mean: Tensor
    z_log_var: Tensor

    def kl_by_unit(self) -> Tensor:
        """KL(q(z|x) || N(0, I)) of each latent dimension, `(B, latent_dim)`, in nats."""
        return kl_standard_normal(self)

    def kl(self) -> Tensor:
        """KL(q(z|x) || N(0, I)), `(B,)`, in nats."""
        return ops.sum(self.kl_by_unit(), axis=-1)


def kl_standard_normal(posterior: Posterior) -> Tensor:
    """KL(q(z|x) || N(0, I)) for each latent dimension, `(B, latent_dim)`, in nats.

    0.5 (mu^2 + sigma^2 - 1 - log sigma^2): Kingma and Welling, "Auto-Encoding Variational Bayes"
    (arXiv:1312.6114), appendix B.
    """
    mean, log_var = posterior
    return 0.5 * (ops.square(mean) + ops.exp(log_var) - 1.0 - log_var)


def sample_normal(
    posterior: Posterior, seed: keras.random.SeedGenerator, samples: int = 1
) -> Tensor:
    """Reparameterised draws z = mu + exp(log_var / 2) eps, differentiable in mu and log_var.

    Shape `(B, latent_dim)`, or `(samples, B, latent_dim)` for more than one sample.
    """
    mean, log_var = posterior
    shape = ops.shape(mean) if samples == 1 else (samples, *ops.shape(mean))
    noise = keras.random.normal(shape, dtype=mean.dtype, seed=seed)
    return mean + ops.exp(0.5 * log_var) * noise


def normal_log_prob(x: Tensor, mean: Tensor, log_var: Tensor | float = 0.0) -> Tensor:
    """Log N(x; mean, exp(log_var)), element by element."""
    log_var = ops.convert_to_tensor(log_var, dtype=x.dtype)
    return -0.5 * (math.log(2.0 * math.pi) + log_var + ops.square(x - mean) * ops.exp(-log_var))


class Likelihood(Protocol):
    """log p(x|z) of an image, given what the decoder made of z.

    It may have `describe(image_shape) -> str`, as `Gaussian` has, for what is said where training
    begins.
    """

    @property
    def scale(self) -> str:
        """What the reconstruction must be: "mean" or "logits"."""

    def log_prob(self, x: Tensor, reconstruction: Tensor) -> Tensor:
        """Log p(x|z) in nats, one value an image."""


@dataclass(frozen=True)
class Bernoulli:
    """Independent Bernoulli pixels; the reconstruction is logits.

    For grey pixels in (0, 1) this is the negative cross-entropy, the field's usual stand-in; only
    for black-and-white ones is it a log-probability.
    """

    scale = "logits"

    def describe(self, image_shape: ImageShape) -> str:
        """Values of which law it takes an image to be made of, in words."""
        return "values that are Bernoulli"

    def log_prob(self, x: Tensor, reconstruction: Tensor) -> Tensor:
        """x l - log(1 + exp(l)), summed over pixels and channels."""
        terms = x * reconstruction - ops.softplus(reconstruction)
        return ops.sum(terms, axis=_PIXELS)


@dataclass(frozen=True)
class Gaussian:
    """Independent normal pixels of one fixed standard deviation; the reconstruction is means."""

    sigma: float

    scale = "mean"

    def describe(self, image_shape: ImageShape) -> str:
        """As `Bernoulli.describe`."""
        return f"values that are normal with sigma {self.sigma:.3g}"

    def log_prob(self, x: Tensor, reconstruction: Tensor) -> Tensor:
        """Sum over pixels and channels of log N(x; reconstruction, sigma^2)."""
        log_var = 2.0 * math.log(self.sigma)
        return ops.sum(normal_log_prob(x, reconstruction, log_var), axis=_PIXELS)
