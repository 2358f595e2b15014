"""FactorVAE: total correlation as the log-ratio that a discriminator learns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import keras
import vaekit
from annotated_types import Ge, Gt
from keras import layers, ops
from vaekit.distributions import LikelihoodName

from vaekit_disentangle.common import LikelihoodLoss


def permute_dimensions(z: Any, seed: keras.random.SeedGenerator) -> Any:
    """Each latent of `z` `(B, latent_dim)` in a random order of its own.

    The columns keep their values, and lose what they say of each other: from draws of q(z), about
    a draw of prod_j q(z_j) (Kim and Mnih, algorithm 1).
    """
    order = ops.argsort(keras.random.uniform(ops.shape(z), seed=seed), axis=0)
    return ops.take_along_axis(z, order, axis=0)


def log_ratio(logits: Any) -> Any:
    """log D(z) - log(1 - D(z)) of logits `(B, 2)`: the estimate of log q(z) / prod_j q(z_j)."""
    return logits[:, 0] - logits[:, 1]


class Discriminator(vaekit.Adversary):
    """Tells draws of q(z) (class 0) from draws of prod_j q(z_j) (class 1); gives two logits.

    Its term `discriminator` is the cross-entropy in nats: log 2 where it can't tell.
    """

    def __init__(self, depth: int, units: int, learning_rate: float) -> None:
        self.depth = depth
        self.units = units
        self.learning_rate = learning_rate

    def build(self, image_shape: tuple[int, int, int], latent_dim: int) -> keras.Model:
        inputs = x = keras.Input((latent_dim,), name="discriminator_input")
        for number in range(1, self.depth + 1):
            x = layers.Dense(self.units, name=f"discriminator_dense{number}")(x)
            x = layers.LeakyReLU(negative_slope=0.2, name=f"discriminator_leaky{number}")(x)
        logits = layers.Dense(2, dtype="float32", name="discriminator_logits")(x)
        return keras.Model(inputs, logits, name="discriminator")

    def optimizer(self) -> keras.optimizers.Optimizer:
        return keras.optimizers.Adam(self.learning_rate, beta_1=0.5, beta_2=0.9)

    def __call__(
        self, x: Any, output: vaekit.VAEOutput, seed: keras.random.SeedGenerator
    ) -> Mapping[str, Any]:
        size = ops.shape(output.z)[0]
        drawn = (size + 1) // 2
        permuted = permute_dimensions(output.z[drawn:], seed)
        z = ops.concatenate([output.z[:drawn], permuted], axis=0)
        is_drawn = ops.arange(size) < drawn
        sign = ops.where(is_drawn, 1.0, -1.0)
        cross_entropy = ops.softplus(-sign * log_ratio(output.adversary(z)))
        return {"discriminator": _balance(size, drawn, is_drawn) * cross_entropy}


def _balance(size: Any, drawn: Any, is_drawn: Any) -> Any:
    """Weights that give both classes half of the term, in a batch of odd size too.

    Unequal classes would move the log-ratio. Where one class is empty there is nothing to tell
    apart, and the weights are 0.
    """
    count, first = ops.cast(size, "float32"), ops.cast(drawn, "float32")
    second = count - first
    weights = ops.where(is_drawn, count / (2.0 * first), count / (2.0 * ops.maximum(second, 1.0)))
    return ops.where(second > 0.0, weights, 0.0)


class FactorVAE(LikelihoodLoss):
    """`reconstruction`, `kl` and `weighted_total_correlation`, gamma x the log-ratio at z."""

    def __init__(
        self, gamma: float, adversary: Discriminator, likelihood: LikelihoodName, sigma: float
    ) -> None:
        super().__init__(likelihood, sigma)
        self.gamma = gamma
        self.adversary = adversary

    def __call__(self, x: Any, output: vaekit.VAEOutput) -> Mapping[str, Any]:
        return {
            "reconstruction": self.reconstruction(x, output),
            "kl": output.posterior.kl(),
            "weighted_total_correlation": self.gamma * log_ratio(output.adversary(output.z)),
        }


def factor_vae(
    *,
    gamma: Annotated[float, Ge(0)] = 10.0,
    discriminator_layers: Annotated[int, Ge(1)] = 3,
    discriminator_units: Annotated[int, Ge(1)] = 256,
    discriminator_learning_rate: Annotated[float, Gt(0)] = 1e-4,
    likelihood: LikelihoodName = "bernoulli",
    sigma: Annotated[float, Gt(0)] = 0.1,
) -> vaekit.Loss:
    """FactorVAE: the negative ELBO and gamma x the total correlation, by a discriminator D.

    -E_q[log p(x|z)] + KL(q(z|x) || N(0, I)) + gamma KL(q(z) || prod_j q(z_j)): Kim and Mnih,
    "Disentangling by Factorising" (arXiv:1802.05983), equation 2, where the last KL is about
    E_q(z)[log D(z) / (1 - D(z))] (equation 3). D is trained beside the VAE, by Adam with beta_1
    0.5 and beta_2 0.9, to tell z of the batch's first half from z of its second half with each
    latent permuted (algorithm 2). The paper's D has 6 layers of 1000 units with leaky ReLU.

    Args:
        gamma: weight of the total correlation.
        discriminator_layers: hidden layers of the discriminator; 6 in the paper.
        discriminator_units: units of each hidden layer; 1000 in the paper.
        discriminator_learning_rate: of the discriminator's Adam; 0.0001 in the paper.
        likelihood: p(x|z) of a pixel.
        sigma: standard deviation of the Gaussian likelihood.
    """
    discriminator = Discriminator(
        discriminator_layers, discriminator_units, discriminator_learning_rate
    )
    return FactorVAE(gamma, discriminator, likelihood, sigma)
