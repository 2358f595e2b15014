"""The prior and the posterior of a ladder: laws of groups of values, each given those above it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import vaekit
from keras import ops
from vaekit import distributions
from vaekit.distributions import DiagonalNormal, StandardNormal

from vaekit_hierarchy.top_down import Rule, TopDown


class LadderPrior(vaekit.Distribution):
    """p(z_1) p(z_2|z_1) .. p(z_L|z_1 .. z_{L-1})."""

    def __init__(self, way: TopDown) -> None:
        self.way = way
        self.noise_dim = sum(way.sizes)

    def sample(self, seed: Any, lead: tuple[int, ...] = ()) -> Any:
        # Its networks take rows alone.
        z = self.from_noise(keras.random.normal((*(lead or (1,)), self.noise_dim), seed=seed))
        return z if lead else z[0]

    def log_prob(self, z: Any) -> Any:
        groups, terms = self.way.parted(z), []

        def chosen(number: int, law: vaekit.Distribution | None) -> Any:
            value = groups[number]
            law = StandardNormal(self.way.sizes[0]) if law is None else law
            terms.append(law.log_prob(value))
            return value

        self.way.descend(chosen)
        return sum(terms)

    def from_noise(self, noise: Any) -> Any:
        groups = self.way.parted(noise)
        z = self.way.descend(
            lambda number, law: groups[number] if law is None else law.from_noise(groups[number])
        )
        return ops.concatenate(z, axis=-1)


class LadderPosterior(vaekit.Distribution):
    """q(z_1|x) q(z_2|z_1, x) .. q(z_L|z_1 .. z_{L-1}, x), diagonal normals.

    parameters: `z1_mean`, `z1_log_var` `(B, size)` and so on: what the image says of each group.
    rules: what that and the prior of each group below the first make together.
    """

    def __init__(self, parameters: Mapping[str, Any], way: TopDown, rules: Sequence[Rule]) -> None:
        self.parameters, self.way, self.rules = parameters, way, rules
        self.noise_dim = sum(way.sizes)

    def of_group(
        self, number: int, prior: DiagonalNormal | None, parameters: Mapping[str, Any]
    ) -> DiagonalNormal:
        """q(z_l|z_1 .. z_{l-1}, x) of a group, from 0, whose prior is this; of layers alone."""
        image = DiagonalNormal(
            parameters[f"z{number + 1}_mean"], parameters[f"z{number + 1}_log_var"]
        )
        return image if prior is None else self.rules[number - 1](image, prior)

    def sample(self, seed: Any, lead: tuple[int, ...] = ()) -> Any:
        images = ops.shape(self.parameters["z1_mean"])[0]
        return self.from_noise(keras.random.normal((*lead, images, self.noise_dim), seed=seed))

    def from_noise(self, noise: Any) -> Any:
        def made(noise: Any, parameters: Mapping[str, Any]) -> tuple[Any]:
            groups = self.way.parted(noise)
            z = self.way.descend(
                lambda number, prior: self.of_group(number, prior, parameters).from_noise(
                    groups[number]
                )
            )
            return (ops.concatenate(z, axis=-1),)

        return distributions.by_rows(made, noise, self.parameters)[0]

    def log_prob(self, z: Any) -> Any:
        def of_group(law: DiagonalNormal, prior: Any, value: Any) -> Any:
            return law.log_prob(value)

        return ops.sum(self._each_group(of_group, z), axis=-1)

    def kl_by_group(self, z: Any) -> Any:
        """KL(q(z_l|z_1 .. z_{l-1}, x) || p(z_l|z_1 .. z_{l-1})), `(B, L)`, in nats.

        In closed form given the groups above, whose draws z `(..., B, D)` it is the mean over.
        """

        def of_group(law: DiagonalNormal, prior: Any, value: Any) -> Any:
            return ops.sum(law.kl(prior), axis=-1)

        kl = self._each_group(of_group, z)
        return kl if len(kl.shape) == 2 else ops.mean(kl, axis=0)

    def _each_group(
        self, value_of: Callable[[DiagonalNormal, vaekit.Distribution, Any], Any], z: Any
    ) -> Any:
        """A value of the posterior, the prior and z of each group, `(..., B, L)`."""

        def told(z: Any, parameters: Mapping[str, Any]) -> tuple[Any]:
            groups, values = self.way.parted(z), []

            def chosen(number: int, prior: DiagonalNormal | None) -> Any:
                law, value = self.of_group(number, prior, parameters), groups[number]
                above = StandardNormal(self.way.sizes[0]) if prior is None else prior
                values.append(value_of(law, above, value))
                return value

            self.way.descend(chosen)
            return (ops.stack(values, axis=-1),)

        return distributions.by_rows(told, z, self.parameters)[0]
