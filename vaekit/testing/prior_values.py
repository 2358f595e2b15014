"""A prior under check: made for z of few dimensions, beside a latent that it serves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from vaekit.distributions import Distribution
from vaekit.latent import Prior
from vaekit.model import HeldVariables, seeded, variables_of
from vaekit.registry import Component
from vaekit.testing.latent_values import LatentUnderCheck, latents_of_sizes, new_latent
from vaekit.testing.laws import SPACES
from vaekit.testing.served import SHAPE, latents_served
from vaekit.testing.subject import Subject
from vaekit.testing.training import array
from vaekit.testing.verdict import CheckSkipped
from vaekit.types import ImageShape, Tensor

CODE_WIDTH = 5


class PriorUnderCheck:
    """A prior for z of a latent that it serves, and its law."""

    def __init__(
        self,
        subject: Subject,
        beside: LatentUnderCheck,
        *,
        seed: int = 0,
        image_shape: ImageShape = SHAPE,
    ) -> None:
        self.beside = beside
        self.size = beside.size
        self.support = beside.latent.support
        self.prior: Prior = subject.make(self.size, image_shape, seed=seed, **subject.options)
        with seeded(seed):  # the layers of it that its first law builds
            self.law()

    @property
    def own(self) -> HeldVariables:
        """What it holds."""
        return variables_of(self.prior)

    def law(self, condition: Tensor | None = None) -> Distribution:
        """p(z), or p(z) of the images with these codes of labels."""
        further = () if condition is None else (condition,)
        return self.prior.distribution(self.size, self.beside.posterior_of, *further)

    def sample(self, count: int, seed: int = 0) -> np.ndarray:
        """Draws `(count, D)`."""
        return array(self.law().sample(keras.random.SeedGenerator(seed), (count,)))

    def log_prob(self, z: np.ndarray) -> np.ndarray:
        """Of points `(N, D)`, `(N,)`; some at a time, since a mixture has many components."""
        law = self.law()
        parts = np.array_split(z, max(1, len(z) // 20_000))
        return np.concatenate([array(law.log_prob(ops.convert_to_tensor(p))) for p in parts])

    @property
    def tells_density(self) -> bool:
        """Whether its law tells log-densities."""
        return self.law().log_prob(ops.zeros((1, self.size))) is not None

    def from_noise(self, count: int) -> np.ndarray | None:
        """Draws `(count, D)` made of noise, by the model that a run saves; None if it has none."""
        model = self.noise_model()
        if model is None:
            return None
        noise = np.random.default_rng(0).standard_normal((count, model.input_shape[-1]))
        return array(model(noise.astype("float32"), training=False))

    def noise_model(self) -> keras.Model | None:
        """Standard normal noise -> z; None where the law isn't made of such noise."""
        law = self.law()
        if law.noise_dim is None:
            return None
        noise = layers.Input((law.noise_dim,), name="noise")
        return keras.Model(noise, law.from_noise(noise), name="prior")

    def disturb(self) -> None:
        """Move each of its weights by a random amount, as training might."""
        rng = np.random.default_rng(7)
        for variable in self.own.trainable:
            variable.assign(array(variable) + rng.normal(0, 0.3, variable.shape))


def codes(order: Sequence[int] = (0, 1, 2)) -> Tensor:
    """Codes of labels, `(B, W)`, one row for each image of these numbers."""
    rows = np.random.default_rng(5).normal(size=(3, CODE_WIDTH)).astype("float32")
    return ops.convert_to_tensor(rows[list(order)])


def prior_of(subject: Subject) -> PriorUnderCheck:
    """The prior, shared by checks that don't change it."""
    return _prior_of(subject.component)


@lru_cache(maxsize=1)
def _prior_of(component: Component) -> PriorUnderCheck:
    return new_prior(Subject(component))


def new_prior(subject: Subject, **chosen: Any) -> PriorUnderCheck:
    """The same, made anew, with a seed or for images of one's own choice."""
    return PriorUnderCheck(subject, _served(subject.component), **chosen)


def small_priors(subject: Subject) -> Iterator[PriorUnderCheck]:
    """The prior for z of so few dimensions that its density can be summed up.

    Skips the check if it's for no support of which the kit knows a measure.
    """
    latent = _served(subject.component).latent
    if latent.support not in SPACES:
        raise CheckSkipped(f"no measure is known on the support {latent.support!r}")
    for beside in latents_of_sizes(latents_served(subject)[0], SPACES[latent.support].sizes):
        yield PriorUnderCheck(subject, beside)


@lru_cache(maxsize=1)
def _served(component: Component) -> LatentUnderCheck:
    return new_latent(latents_served(Subject(component))[0])
