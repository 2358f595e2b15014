"""The latent of a ladder VAE of two levels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import vaekit
from annotated_types import Ge
from keras import layers
from vaekit.stock_layers import flattened, sampled

from vaekit_hierarchy.ladder import LadderPosterior, LadderPrior, LowerPrior


class TwoLevel(vaekit.Latent):
    """z = (z_1, z_2), z_2 given z_1 in posterior and prior alike; see `two_level`."""

    def __init__(self, latent_dim: int, top: int, units: int) -> None:
        self.latent_dim, self.top = latent_dim, top
        self._lower = LowerPrior(top, latent_dim - top, units)

    def shape(self, features: tuple[int, ...]) -> tuple[int, ...]:
        return (self.latent_dim,)

    def heads(self, features: Any) -> dict[str, Any]:
        """Means and log-variances: those of q(z_1|x), and what the image says of z_2."""
        vector = flattened(features)
        return {
            f"z{group}_{name}": layers.Dense(size, name=f"encoder_z{group}_{name}")(vector)
            for group, size in ((1, self.top), (2, self.latent_dim - self.top))
            for name in ("mean", "log_var")
        }

    def posterior(self, parameters: Mapping[str, Any]) -> LadderPosterior:
        return LadderPosterior(parameters, self._lower)

    def infer(self, parameters: Mapping[str, Any], given: vaekit.Given) -> vaekit.Draw:
        posterior, prior = self.posterior(parameters), given.prior
        z, log_q = posterior.sample_and_log_prob(given.seed, given.lead)
        kl = posterior.kl_by_group(z)
        return vaekit.Draw(z, posterior, prior, kl, log_ratio=log_q - prior.log_prob(z))

    def own_prior(self) -> LadderPrior:
        return LadderPrior(self._lower)

    def point(self, parameters: Mapping[str, Any]) -> Any:
        """The mean of q(z_1|x), and the mean of z_2 given that."""
        upper = parameters["z1_mean"]
        return self._joined(upper, self._lower_by_layers(parameters, upper)[0])

    def draw(self, parameters: Mapping[str, Any]) -> Any:
        upper = sampled(
            parameters["z1_mean"], parameters["z1_log_var"], name="encoder_z1", prefix="encoder_z1"
        )
        mean, log_var = self._lower_by_layers(parameters, upper)
        lower = sampled(mean, log_var, name="encoder_z2", prefix="encoder_z2")
        return self._joined(upper, lower)

    def _joined(self, upper: Any, lower: Any) -> Any:
        return layers.Concatenate(name="encoder_output")([upper, lower])

    def _lower_by_layers(self, parameters: Mapping[str, Any], z1: Any) -> tuple[Any, Any]:
        """`LadderPosterior.lower` from stock layers alone: its mean and log-variance."""
        mean, log_var = parameters["z2_mean"], parameters["z2_log_var"]
        prior_mean, prior_log_var = self._lower(z1)
        wider = layers.Subtract(name="ladder_wider")([log_var, prior_log_var])
        narrower = layers.Rescaling(-1.0, name="ladder_narrower")(wider)
        shares = [
            layers.Multiply(name=f"ladder_{name}_part")(
                [layers.Activation("sigmoid", name=f"ladder_{name}_share")(weight), value]
            )
            for name, weight, value in (("seen", narrower, mean), ("prior", wider, prior_mean))
        ]
        gained = layers.Activation("softplus", name="ladder_gained")(wider)
        return (
            layers.Add(name="ladder_mu")(shares),
            layers.Subtract(name="ladder_log_variance")([log_var, gained]),
        )


def two_level(
    latent_dim: int,
    *,
    top: Annotated[int, Ge(1)] | None = None,
    units: Annotated[int, Ge(1)] = 64,
) -> vaekit.Latent:
    """A ladder of two groups of values, z_2 given z_1, with a prior of its own that is learned.

    p(z_1) is N(0, I); a network gives p(z_2|z_1). q(z_2|z_1, x) weighs that prior against what the
    image says, by their precisions: Sonderby et al., "Ladder Variational Autoencoders"
    (arXiv:1602.02282). The KL is told by group, the upper one first.

    Args:
        top: how many of the latent_dim values the upper group z_1 has; none for half of them.
        units: hidden units of the network of p(z_2|z_1).
    """
    top = latent_dim // 2 if top is None else top
    if not 1 <= top < latent_dim:
        raise vaekit.BuildError(
            "The latent 'two-level' needs a value in each of its groups: of latent_dim "
            f"{latent_dim}, top={top} leaves {latent_dim - top} to the lower one. Take a "
            "latent_dim of 2 at least, and a top of 1 at least and below it."
        )
    return TwoLevel(latent_dim, top, units)
