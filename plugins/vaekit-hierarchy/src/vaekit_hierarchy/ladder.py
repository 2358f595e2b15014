"""The latent of a ladder VAE."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Annotated, Any, Literal

import vaekit
from annotated_types import Ge
from keras import layers
from vaekit.stock_layers import flattened, sampled

from vaekit_hierarchy.ladder_laws import LadderPosterior, LadderPrior
from vaekit_hierarchy.top_down import RULES, TopDown


class Ladder(vaekit.Latent):
    """z = (z_1, .., z_L), each group given those above it; see `ladder`."""

    free_parameters = True

    def __init__(self, sizes: Sequence[int], units: int, rule: str) -> None:
        self.sizes = tuple(sizes)
        self._way = TopDown(sizes, units)
        self._rules = [RULES[rule](f"ladder_z{n}") for n in range(2, len(sizes) + 1)]

    def shape(self, features: tuple[int, ...]) -> tuple[int, ...]:
        return (sum(self.sizes),)

    def heads(self, features: Any) -> dict[str, Any]:
        """Mean and log-variance that the image gives of each group."""
        vector = flattened(features)
        return {
            f"z{number}_{name}": layers.Dense(size, name=f"encoder_z{number}_{name}")(vector)
            for number, size in enumerate(self.sizes, start=1)
            for name in ("mean", "log_var")
        }

    def posterior(self, parameters: Mapping[str, Any]) -> LadderPosterior:
        return LadderPosterior(parameters, self._way, self._rules)

    def infer(self, parameters: Mapping[str, Any], given: vaekit.Given) -> vaekit.Draw:
        posterior, prior = self.posterior(parameters), given.prior
        z, log_q = posterior.sample_and_log_prob(given.seed, given.lead)
        kl = posterior.kl_by_group(z)
        return vaekit.Draw(z, posterior, prior, kl, log_ratio=log_q - prior.log_prob(z))

    def own_prior(self) -> LadderPrior:
        return LadderPrior(self._way)

    def point(self, parameters: Mapping[str, Any]) -> Any:
        """The mean of each group, given those of the groups above."""
        law = self.posterior(parameters)
        return _joined(
            self._way.descend(lambda number, prior: law.of_group(number, prior, parameters).z_mean)
        )

    def draw(self, parameters: Mapping[str, Any]) -> Any:
        law = self.posterior(parameters)

        def drawn(number: int, prior: Any) -> Any:
            name = f"encoder_z{number + 1}"
            mean, log_var = law.of_group(number, prior, parameters)
            return sampled(mean, log_var, name=name, prefix=name)

        return _joined(self._way.descend(drawn))


def _joined(groups: Sequence[Any]) -> Any:
    return groups[0] if len(groups) == 1 else layers.Concatenate(name="encoder_output")(groups)


def ladder(
    latent_dim: int,
    *,
    groups: Annotated[int, Ge(1)] | None = None,
    sizes: list[int] | None = None,
    units: Annotated[int, Ge(1)] = 64,
    posterior: Literal["precision", "residual"] = "precision",
) -> vaekit.Latent:
    """Groups of values, each given those above it, with a prior of its own that is learned.

    p(z_1) is N(0, I), and networks give p(z_l|z_1 .. z_{l-1}) of the groups below. The posterior
    goes the same way down, and joins that prior with what the image says: Sonderby et al., "Ladder
    Variational Autoencoders" (arXiv:1602.02282); Vahdat and Kautz, "NVAE" (arXiv:2007.03898). The
    KL is told by group, the uppermost first. One group is the plain VAE.

    Args:
        groups: how many groups the latent_dim values are parted into; none for 2, or as many as
            there are sizes.
        sizes: how many values each group has, the uppermost first; none for groups of one size.
        units: hidden units of the network of each group's prior.
        posterior: how image and prior are joined: weighed by their precisions, or the image's part
            as the difference from the prior.
    """
    if sizes is None:
        count = 2 if groups is None else groups
        ends = [latent_dim * number // count for number in range(count + 1)]
        sizes = [end - start for start, end in pairwise(ends)]
    if min(sizes, default=0) < 1 or sum(sizes) != latent_dim or groups not in (None, len(sizes)):
        raise vaekit.BuildError(
            f"The latent 'ladder' parts latent_dim {latent_dim} into groups of a value at least, "
            f"and was asked for {len(sizes) if groups is None else groups} of sizes {sizes}. Give "
            f"sizes that sum to {latent_dim}, or fewer groups."
        )
    return Ladder(sizes, units, posterior)
