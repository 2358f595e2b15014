"""How a backbone is built under check: with what it claims to take, and with what it refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import keras
import numpy as np

from vaekit.options import arguments_of
from vaekit.testing.subject import Subject
from vaekit.testing.training import some_images
from vaekit.types import ImageShape


class Build(NamedTuple):
    """One way to build a backbone.

    arguments: what the kit hands to the factory.
    takes: the shape of an input that follows from it.
    gives: the shape of an output; None where any will do.
    """

    arguments: tuple[Any, ...]
    takes: tuple[int, ...]
    gives: tuple[int, ...] | None


def _encoder(latent_dim: int, image_shape: ImageShape) -> dict[int, Build]:
    return {1: Build((image_shape,), image_shape, None)}


def _decoder(latent_dim: int, image_shape: ImageShape) -> dict[int, Build]:
    return {1: Build((latent_dim, image_shape), (latent_dim,), image_shape)}


def _decoder_by_shape(latent_dim: int, image_shape: ImageShape) -> dict[int, Build]:
    """Z is a vector, or a map of a quarter of the image's sides."""
    vector = (latent_dim,)
    grid = (-(-image_shape[0] // 4), -(-image_shape[1] // 4), latent_dim)
    return {len(z): Build((z, image_shape), z, image_shape) for z in (vector, grid)}


# By the kind of part, and by what of z its factory is handed.
_BUILDS: Mapping[tuple[str, str], Callable[[int, ImageShape], dict[int, Build]]] = {
    ("encoder", "image_shape"): _encoder,
    ("decoder", "latent_dim"): _decoder,
    ("decoder", "latent_shape"): _decoder_by_shape,
}


def _builds(subject: Subject, latent_dim: int, image_shape: ImageShape) -> dict[int, Build]:
    """How it's handed these, by the number of axes of z."""
    handed = arguments_of(subject.component)[0]
    return _BUILDS[subject.kind, handed](latent_dim, image_shape)


def claimed_builds(subject: Subject) -> list[Build]:
    """How to build it: for each image that it claims, and for each number of latents."""
    claims = subject.claims
    pairs = [(claims.latents[0], shape) for shape in claims.shapes]
    pairs += [(count, claims.least) for count in claims.latents]
    builds = [(axes, build) for pair in pairs for axes, build in _builds(subject, *pair).items()]
    return list(dict.fromkeys(build for axes, build in builds if axes in claims.latent_axes))


def refused_builds(subject: Subject) -> list[Build]:
    """How it is not to be built: for what it doesn't claim."""
    claims = subject.claims
    builds = [build for pair in claims.refused for build in _builds(subject, *pair).values()]
    least = _builds(subject, claims.latents[0], claims.least)
    builds += [build for axes, build in least.items() if axes not in claims.latent_axes]
    # Where the factory never hears of latents, other ones are no reason to refuse.
    claimed = set(claimed_builds(subject))
    return [build for build in dict.fromkeys(builds) if build not in claimed]


def smallest(subject: Subject, seed: int = 0) -> keras.Model:
    """The subject for its smallest image."""
    return subject.make(*claimed_builds(subject)[0].arguments, seed=seed)


def claimed_models(subject: Subject) -> Iterator[tuple[Build, keras.Model]]:
    """How it's built and the model, wherever it claims to build and does.

    That it builds everywhere is for one check to say; only the smallest has to here.
    """
    builds = claimed_builds(subject)
    for build in builds:
        try:
            model = subject.make(*build.arguments)
        except Exception:
            if build == builds[0]:
                raise
        else:
            yield build, model


def called_in_training(model: keras.Model) -> keras.Model:
    """The model after a call in training mode: batch norm's averages have moved."""
    model(inputs_for(model), training=True)
    return model


def inputs_for(model: keras.Model, count: int = 5) -> np.ndarray:
    """A batch of random inputs of a model."""
    return some_images(count, tuple(model.inputs[0].shape[1:]))
