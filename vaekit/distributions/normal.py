"""Normal laws over z: diagonal, standard and of any covariance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import keras
from keras import ops

from vaekit.distributions.distribution import Distribution
from vaekit.types import Tensor

_LOG_2_PI = math.log(2.0 * math.pi)


def normal_log_prob(x: Tensor, mean: Tensor, log_var: Tensor | float = 0.0) -> Tensor:
    """Log N(x; mean, exp(log_var)), element by element."""
    log_var = ops.convert_to_tensor(log_var, dtype=x.dtype)
    return -0.5 * (_LOG_2_PI + log_var + ops.square(x - mean) * ops.exp(-log_var))


class _MeanAndLogVariance(NamedTuple):
    z_mean: Tensor
    z_log_var: Tensor


class DiagonalNormal(_MeanAndLogVariance, Distribution):
    """N(z_mean, diag(exp(z_log_var))), for each image of a batch or alone.

    Both fields have shape `(B, D)`, or `(D,)`; `z_log_var` is the natural logarithm of the
    variance.
    """

    __slots__ = ()

    def sample(self, seed: Any, lead: tuple[int, ...] = ()) -> Tensor:
        """Reparameterised draws z = mu + exp(log_var / 2) eps, `(*lead, B, D)`."""
        mean, log_var = self
        noise = keras.random.normal((*lead, *ops.shape(mean)), dtype=mean.dtype, seed=seed)
        return mean + ops.exp(0.5 * log_var) * noise

    def log_prob(self, z: Tensor) -> Tensor:
        return ops.sum(normal_log_prob(z, self.z_mean, self.z_log_var), axis=-1)

    def kl(self, other: Distribution | None = None) -> Tensor:
        """KL by dimension, `(B, D)`, from a standard or a diagonal normal; None from other laws.

        Without `other`, as losses of API 1 call it: KL(q || N(0, I)), summed, `(B,)`.
        """
        if other is None:
            return ops.sum(self.kl_by_unit(), axis=-1)
        if isinstance(other, StandardNormal):
            return self.kl_by_unit()
        if isinstance(other, DiagonalNormal):
            narrower = self.z_log_var - other.z_log_var
            apart = ops.square(self.z_mean - other.z_mean) * ops.exp(-other.z_log_var)
            return 0.5 * (ops.exp(narrower) + apart - 1.0 - narrower)
        return None

    def kl_by_unit(self) -> Tensor:
        """KL(q || N(0, I)) of each dimension, `(B, D)`, in nats."""
        return kl_standard_normal(self)

    def tempered(self, temperature: float) -> DiagonalNormal:
        return DiagonalNormal(self.z_mean, self.z_log_var + 2.0 * math.log(temperature))

    @property
    def noise_dim(self) -> int:  # type: ignore[override]  # of the parameters
        """D."""
        return int(self.z_mean.shape[-1])

    def from_noise(self, noise: Tensor) -> Tensor:
        # By functions: JAX's arrays know no symbolic tensors on their right.
        return ops.add(self.z_mean, ops.multiply(ops.exp(0.5 * self.z_log_var), noise))


Posterior = DiagonalNormal  # its name in API 1


def kl_standard_normal(posterior: DiagonalNormal) -> Tensor:
    """KL(q(z|x) || N(0, I)) for each latent dimension, `(B, D)`, in nats.

    0.5 (mu^2 + sigma^2 - 1 - log sigma^2): Kingma and Welling, "Auto-Encoding Variational Bayes"
    (arXiv:1312.6114), appendix B.
    """
    mean, log_var = posterior
    return 0.5 * (ops.square(mean) + ops.exp(log_var) - 1.0 - log_var)


def sample_normal(
    posterior: DiagonalNormal, seed: keras.random.SeedGenerator, samples: int = 1
) -> Tensor:
    """Draws of the posterior: `(B, D)`, or `(samples, B, D)` for more than one sample."""
    return posterior.sample(seed, () if samples == 1 else (samples,))


@dataclass(frozen=True, eq=False)
class StandardNormal(Distribution):
    """N(0, I) of `size` dimensions."""

    size: int

    def sample(self, seed: Any, lead: tuple[int, ...] = ()) -> Tensor:
        return keras.random.normal((*lead, self.size), seed=seed)

    def log_prob(self, z: Tensor) -> Tensor:
        return ops.sum(normal_log_prob(z, 0.0), axis=-1)

    def tempered(self, temperature: float) -> DiagonalNormal:
        mean = ops.zeros((self.size,))
        return DiagonalNormal(mean, mean).tempered(temperature)

    @property
    def noise_dim(self) -> int:  # type: ignore[override]  # of the size
        """D."""
        return self.size

    def from_noise(self, noise: Tensor) -> Tensor:
        return noise


class FullNormal(Distribution):
    """N(z_mean, L L^T), L being a lower triangle with a positive diagonal.

    z_mean: `(B, D)`. scale_tril: L, `(B, D, D)`.
    """

    def __init__(self, z_mean: Tensor, scale_tril: Tensor) -> None:
        self.z_mean, self.scale_tril = z_mean, scale_tril

    def sample(self, seed: Any, lead: tuple[int, ...] = ()) -> Tensor:
        """Reparameterised draws mu + L eps, `(*lead, B, D)`."""
        noise = keras.random.normal((*lead, *ops.shape(self.z_mean)), seed=seed)
        return self.from_noise(noise)

    def log_prob(self, z: Tensor) -> Tensor:
        away = ops.expand_dims(z - self.z_mean, -1)
        scale = ops.broadcast_to(self.scale_tril, (*ops.shape(away)[:-1], away.shape[-2]))
        white = ops.squeeze(ops.solve_triangular(scale, away, lower=True), -1)
        return ops.sum(normal_log_prob(white, 0.0), axis=-1) - self._log_det

    def kl(self, other: Distribution) -> Tensor | None:
        """KL from N(0, I), `(B, 1)`: 0.5 (tr(L L') + mu'mu - D) - sum log L_ii."""
        if not isinstance(other, StandardNormal):
            return None
        squares = ops.sum(ops.square(self.scale_tril), axis=(-2, -1))
        squares = squares + ops.sum(ops.square(self.z_mean), axis=-1)
        return (0.5 * (squares - self.z_mean.shape[-1]) - self._log_det)[..., None]

    def tempered(self, temperature: float) -> FullNormal:
        return FullNormal(self.z_mean, temperature * self.scale_tril)

    @property
    def _log_det(self) -> Tensor:
        """The logarithm of det L, `(B,)`."""
        return ops.sum(ops.log(ops.diagonal(self.scale_tril, axis1=-2, axis2=-1)), axis=-1)

    @property
    def noise_dim(self) -> int:  # type: ignore[override]  # of the parameters
        """D."""
        return int(self.z_mean.shape[-1])

    def from_noise(self, noise: Tensor) -> Tensor:
        scaled = ops.matmul(self.scale_tril, ops.expand_dims(noise, -1))
        return ops.add(self.z_mean, ops.squeeze(scaled, -1))
