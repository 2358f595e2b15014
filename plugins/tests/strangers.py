"""A latent of nobody's distribution, that the combinations are to carry: FSQ."""
"""A latent of nobody's distribution, that the combinations are to carry: a Hamiltonian."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import vaekit
from keras import layers, ops
from vaekit import distributions


class FSQ(vaekit.Latent):
    """Each of D values rounded to one of L: Mentzer et al., arXiv:2309.15505, for odd L."""

    support = "codes"

    def __init__(self, latent_dim: int, levels: int = 5) -> None:
        self.latent_dim, self.levels = latent_dim, levels
        self.half = (levels - 1) / 2.0

    def shape(self, features: tuple[int, ...]) -> tuple[int, ...]:
        return (*features[:-1], self.latent_dim)

    def heads(self, features: Any) -> dict[str, Any]:
        return {"before": layers.Dense(self.latent_dim, activation="tanh")(features)}

    def posterior(self, parameters: Mapping[str, Any]) -> vaekit.Distribution:
        bounded = distributions.flat(parameters["before"]) * self.half
        rounded = bounded + ops.stop_gradient(ops.round(bounded) - bounded)
        return distributions.PointMass(rounded / self.half)

    def infer(self, parameters: Mapping[str, Any], given: vaekit.Given) -> vaekit.Draw:
        posterior = self.posterior(parameters)
        z = posterior.sample(given.seed, given.lead)
        nats = z.shape[-1] * math.log(self.levels) * ops.ones_like(posterior.z[:, :1])
        return vaekit.Draw(z, posterior, None, nats, log_ratio=nats[:, 0] + 0.0 * z[..., 0])

    def point(self, parameters: Mapping[str, Any]) -> Any:
        bounded = layers.Rescaling(self.half)(parameters["before"])
        edges = [level - self.half - 0.5 for level in range(1, self.levels)]
        code = layers.Discretization(bin_boundaries=edges)(bounded)
        return layers.Rescaling(1.0 / self.half, -1.0)(code)

    def default_prior(self) -> None:
        return None


vaekit.register_latent("test-fsq", FSQ)
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
