"""How a backbone is built under check: with what it claims to take, and with what it refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
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


def _encoder(subject: Subject, latent_dim: int, image_shape: ImageShape) -> Build:
    return Build((image_shape,), image_shape, None)


def _decoder(subject: Subject, latent_dim: int, image_shape: ImageShape) -> Build:
    if not _takes_shape(subject):
        return Build((latent_dim, image_shape), (latent_dim,), image_shape)
    return Build(((latent_dim,), image_shape), (latent_dim,), image_shape)


_BUILDS: Mapping[str, Callable[[Subject, int, ImageShape], Build]] = {
    "encoder": _encoder,
    "decoder": _decoder,
}


def _takes_shape(subject: Subject) -> bool:
    """Whether a decoder is handed the shape of z, which is then a vector or a map."""
    return "latent_shape" in arguments_of(subject.component)


def _of_maps(subject: Subject, latent_dim: int, image_shape: ImageShape) -> Build:
    """How a decoder is built for z that is a map of a quarter of the image's sides."""
    map_shape = (-(-image_shape[0] // 4), -(-image_shape[1] // 4), latent_dim)
    return Build((map_shape, image_shape), map_shape, image_shape)


def claimed_builds(subject: Subject) -> list[Build]:
    """How to build it: for each image that it claims, and for each number of latents."""
    claims, build = subject.claims, partial(_BUILDS[subject.kind], subject)
    pairs = [(claims.latents[0], shape) for shape in claims.shapes]
    pairs += [(count, claims.least) for count in claims.latents]
    builds = [build(*pair) for pair in pairs]
    if _takes_shape(subject):
        builds += [_of_maps(subject, *pair) for pair in pairs]
    return list(dict.fromkeys(builds))


def refused_builds(subject: Subject) -> list[Build]:
    """How it is not to be built: for what it doesn't claim."""
    claims, build = subject.claims, partial(_BUILDS[subject.kind], subject)
    return [
        build(count, shape)
        for count, shape in claims.refused
        # Where the factory never hears of latents, other ones are no reason to refuse.
        if not claims.takes(shape) or build(count, shape) != build(claims.latents[0], shape)
    ]


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
