"""A latent under check: built on features as an encoder might give them, and called."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from vaekit.distributions import Distribution
from vaekit.latent import Draw, Given
from vaekit.model import HeldVariables, seeded, variables_of
from vaekit.registry import Component
from vaekit.testing.subject import Subject
from vaekit.testing.training import array
from vaekit.types import Tensor

VECTOR, MAP, PLACE = (12,), (3, 4, 6), (1, 1, 12)
IMAGES = 4


class LatentUnderCheck:
    """A latent, its heads on features of this shape, and what it makes of some.

    The latent's layers are float32, as the kit builds them, whatever the features are.

    Raises `BuildError` if the latent refuses this size or these features.
    """

    def __init__(
        self,
        subject: Subject,
        latent_dim: int,
        features: tuple[int, ...],
        *,
        seed: int = 0,
        dtype: str = "float32",
        **options: Any,
    ) -> None:
        self.latent = subject.make(latent_dim, seed=seed, **{**subject.options, **options})
        self.shape = tuple(self.latent.shape(features))
        self.size = math.prod(self.shape)
        inputs = layers.Input(features, dtype=dtype)
        with seeded(seed):
            parameters = self.latent.heads(inputs)
            point, draw = self.latent.point(parameters), self.latent.draw(parameters)
            encoded = self.latent.encoded(parameters)
            own = self.latent.own_prior()
            self._default = self.latent.default_prior() if own is None else None
        self.names = tuple(parameters)
        self.heads = keras.Model(inputs, list(parameters.values()), name="heads")
        self.point = keras.Model(inputs, point, name="point")
        self.draw = keras.Model(inputs, draw, name="draw")
        self.encoded = keras.Model(inputs, list(encoded.values()), name="posterior")
        values = np.random.default_rng(0).normal(size=(IMAGES, *features))
        self.told = tuple(encoded)
        self.features = values.astype(dtype)

    @property
    def own(self) -> HeldVariables:
        """The weights of its heads, and what it holds besides."""
        return variables_of(self.heads, self.point, self.draw, self.latent, self._default)

    @property
    def prior(self) -> Distribution | None:
        """Its own prior, or its default one; None where there is none."""
        law: Distribution | None = self.latent.own_prior()
        if law is None and self._default is not None:
            law = self._default.distribution(self.size, self.posterior_of)
        return law

    def parameters(self, features: np.ndarray | None = None) -> Mapping[str, Tensor]:
        """What the heads make of features; of its own where none are named."""
        values = self.heads(self.features if features is None else features, training=False)
        values = values if isinstance(values, list | tuple) else [values]
        return dict(zip(self.names, values, strict=True))

    def infer(
        self,
        seed: int = 0,
        lead: tuple[int, ...] = (),
        *,
        training: bool = False,
        features: np.ndarray | None = None,
    ) -> Draw:
        """A step on features, its draws by a generator of this seed."""
        given = Given(
            seed=keras.random.SeedGenerator(seed),
            lead=lead,
            training=training,
            prior=self.prior,
            encode=self._encode,
            log_likelihood=lambda z: -0.5 * ops.sum(ops.square(z - 0.5), axis=-1),
        )
        draw: Draw = self.latent.infer(self.parameters(features), given)
        return draw

    def repeated(self, times: int) -> np.ndarray:
        """Its features, those of each image so many times in a row."""
        return np.repeat(self.features, times, axis=0)

    def _encode(self, images: Tensor) -> Mapping[str, Tensor]:
        """Parameters of images, by a fixed matrix in the place of an encoder."""
        pixels = ops.reshape(images, (images.shape[0], -1))
        shape = (pixels.shape[-1], math.prod(self.features.shape[1:]))
        matrix = np.random.default_rng(1).normal(size=shape, scale=shape[0] ** -0.5)
        features = ops.matmul(pixels, matrix.astype("float32"))
        return self.parameters(ops.reshape(features, (-1, *self.features.shape[1:])))

    def posterior_of(self, images: Tensor) -> Distribution:
        """The posteriors of images, as a prior is handed them."""
        law: Distribution = self.latent.posterior(self._encode(images))
        return law


def latents(subject: Subject, **options: Any) -> Iterator[LatentUnderCheck]:
    """The latent on a vector and on a map of features, where it takes them, by one `latent_dim`."""
    for features in (VECTOR, MAP):
        pairs = ((latent_dim, features) for latent_dim in subject.claims.latents)
        yield from itertools.islice(_built(subject, pairs, **options), 1)


def latents_of_sizes(subject: Subject, sizes: Sequence[int]) -> list[LatentUnderCheck]:
    """The latent with z of so many values, one for each of `sizes` that can be had.

    They are shared by checks that don't change them.
    """
    return _of_sizes(subject.component, tuple(sizes))


@lru_cache(maxsize=2)
def _of_sizes(component: Component, sizes: tuple[int, ...]) -> list[LatentUnderCheck]:
    subject = Subject(component)
    dims = dict.fromkeys([*sizes, *subject.claims.latents])
    of_size: dict[int, LatentUnderCheck] = {}
    for latent in _built(subject, itertools.product(dims, (VECTOR, PLACE))):
        if latent.size in sizes:
            of_size.setdefault(latent.size, latent)
        if len(of_size) == len(sizes):
            break
    return list(of_size.values())


def _built(
    subject: Subject, pairs: Iterable[tuple[int, tuple[int, ...]]], **options: Any
) -> Iterator[LatentUnderCheck]:
    for latent_dim, features in pairs:
        try:
            latent = LatentUnderCheck(subject, latent_dim, features, **options)
        except Exception:  # whether it may refuse so is for one check to say
            continue
        yield latent


def latent_of(subject: Subject) -> LatentUnderCheck:
    """The latent on the first features that it takes, shared by checks that don't change it."""
    return _latent_of(subject.component)


@lru_cache(maxsize=1)
def _latent_of(component: Component) -> LatentUnderCheck:
    return new_latent(Subject(component))


def new_latent(subject: Subject, **options: Any) -> LatentUnderCheck:
    """The same, made anew.

    Raises `AssertionError` if it can be built nowhere.
    """
    latent = next(latents(subject, **options), None)
    if latent is None:
        raise AssertionError("It takes neither a vector nor a map of features.")
    return latent


def arrays(draw: Draw) -> dict[str, np.ndarray]:
    """What a latent gave, by names, as arrays."""
    values = {"z": draw.z, "kl": draw.kl, **draw.terms, **draw.report}
    if draw.log_ratio is not None:
        values["log_ratio"] = draw.log_ratio
    return {name: array(value) for name, value in values.items()}
