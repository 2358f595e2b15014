"""A latent of nobody's distribution, that the combinations are to carry: a Hamiltonian."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import vaekit
from keras import layers, ops
from vaekit import distributions
from vaekit.autodiff import gradient
from vaekit.stock_layers import flattened, sampled


class Hamiltonian(vaekit.Latent):
    """Leapfrog steps towards p(x, z) from a normal draw: Caterini et al., arXiv:1805.11328."""

    leaps, size = 2, 0.05

    def __init__(self, latent_dim: int) -> None:
        self.latent_dim = latent_dim

    def shape(self, features: tuple[int, ...]) -> tuple[int, ...]:
        return (self.latent_dim,)

    def heads(self, features: Any) -> dict[str, Any]:
        vector = flattened(features)
        return {name: layers.Dense(self.latent_dim)(vector) for name in ("z_mean", "z_log_var")}

    def posterior(self, parameters: Mapping[str, Any]) -> vaekit.Distribution:
        return distributions.DiagonalNormal(parameters["z_mean"], parameters["z_log_var"])

    def infer(self, parameters: Mapping[str, Any], given: vaekit.Given) -> vaekit.Draw:
        posterior = self.posterior(parameters)
        z, log_q = posterior.sample_and_log_prob(given.seed)
        momentum = keras.random.normal(ops.shape(z), seed=given.seed)
        start = log_q - 0.5 * ops.sum(ops.square(momentum), -1)

        def energy(z: Any) -> Any:
            return -ops.sum(given.log_likelihood(z) + given.prior.log_prob(z))

        for _ in range(self.leaps):
            momentum = momentum - 0.5 * self.size * gradient(energy, z)
            z = z + self.size * momentum
            momentum = momentum - 0.5 * self.size * gradient(energy, z)
        end = given.prior.log_prob(z) - 0.5 * ops.sum(ops.square(momentum), -1)
        ratio = start - end
        return vaekit.Draw(z, posterior, given.prior, ratio[:, None], log_ratio=ratio)

    def point(self, parameters: Mapping[str, Any]) -> Any:
        return parameters["z_mean"]

    def draw(self, parameters: Mapping[str, Any]) -> Any:
        return sampled(parameters["z_mean"], parameters["z_log_var"], name="z", prefix="noise")


vaekit.register_latent("test-hamiltonian", Hamiltonian)
