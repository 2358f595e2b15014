"""A VAE of one or two latents, of which log p(x) can be integrated.

p(x) = int p(z) p(x|z) dz over a grid, whatever the prior, and the ELBO of any latent is below its
logarithm.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import initializers, layers, ops

from vaekit.config import TrainConfig
from vaekit.engine import Blueprint, Program, score
from vaekit.errors import BuildError
from vaekit.model import Part
from vaekit.plugins import discover
from vaekit.registry import KINDS, KIT, Component
from vaekit.testing import CheckSkipped, Subject, subject_of
from vaekit.testing.laws import SPACES, Space
from vaekit.testing.training import array
from vaekit.types import Images

SHAPE = (8, 8, 1)
IMAGES = 2
_DRAWS = 4_000
_COPIES = 700
# Of `latent_dim`, those first that tell a sum over z from a mean.
_SIZES = (2, 3, 1)


def linear_encoder(image_shape: tuple[int, int, int]) -> keras.Model:
    """Pixels as features: what a latent makes of them is affine."""
    images = keras.Input(image_shape)
    return keras.Model(images, layers.Flatten(name="pixels")(images))


def linear_decoder(latent_dim: int, image_shape: tuple[int, int, int]) -> keras.Model:
    """Images as an affine function of z."""
    z = keras.Input((latent_dim,))
    pixels = layers.Dense(
        math.prod(image_shape),
        kernel_initializer=initializers.RandomNormal(stddev=0.3),
        bias_initializer=initializers.RandomNormal(stddev=0.3),
        name="pixels",
    )(z)
    return keras.Model(z, layers.Reshape(image_shape)(pixels))


def normalised_encoder(image_shape: tuple[int, int, int]) -> keras.Model:
    """A convolution and batch norm, whose training differs from its evaluation."""
    images = keras.Input(image_shape)
    maps = layers.Conv2D(4, 3, strides=2, padding="same", name="maps")(images)
    maps = layers.LeakyReLU(name="bent")(layers.BatchNormalization(name="normalised")(maps))
    return keras.Model(images, layers.Flatten(name="flat")(maps))


LINEAR = {
    "encoder": subject_of(linear_encoder, "encoder").component,
    "decoder": subject_of(linear_decoder, "decoder").component,
}


def kit_part(kind: str, name: str) -> Component:
    """One of the kit's own parts."""
    return discover().registry.get(kind, f"{name}@{KIT}")


def program_of(
    parts: Mapping[str, Component],
    latent_dim: int,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    optimizer: keras.optimizers.Optimizer | None = None,
    **config: Any,
) -> Program:
    """The program of linear nets with these parts, and the kit's `normal` and `elbo` beside.

    options: of parts, by kind, where they aren't the defaults.
    """
    named = {"latent": kit_part("latent", "normal"), "loss": kit_part("loss", "elbo"), **LINEAR}
    named |= parts
    built = {
        kind: Part(part, {**Subject(part).options, **(options or {}).get(kind, {})})
        for kind in KINDS
        if (part := named.get(kind)) is not None
    }
    settings = TrainConfig(latent_dim=latent_dim, **config)
    return Blueprint(settings, built, SHAPE, dataset_size=100).program(optimizer=optimizer)


def small_program(parts: Mapping[str, Component]) -> tuple[Program, Space]:
    """The same with as few latents as can be integrated over, and where they lie.

    Skips the check where there are none, or no density.
    """
    refusal = ""
    for latent_dim in _SIZES:
        try:
            program = program_of(parts, latent_dim)
        except BuildError as error:
            refusal = refusal or str(error)
            continue
        vae = program.vae
        space = SPACES.get(vae.latent.support)
        if space is None:
            raise CheckSkipped(f"no measure is known on the support {vae.latent.support!r}")
        prior = vae.prior_distribution()
        if prior is None or program.needs.likelihood is None:
            raise CheckSkipped("it has no prior, or no likelihood")
        if vae.latent_dim in space.sizes:
            return program, space
    raise CheckSkipped(refusal or "it has no z of so few values")


def some_images() -> np.ndarray:
    """Black and white noise."""
    return np.rint(np.random.default_rng(3).random((IMAGES, *SHAPE))).astype("float32")


class Weights(NamedTuple):
    """Of draws of each image: log p(x|z) and log q(z|x) - log p(z), `(K, B)` each."""

    log_likelihood: np.ndarray
    log_ratio: np.ndarray

    @property
    def log_weights(self) -> np.ndarray:
        """Log of p(x, z) / q(z|x), whose mean over draws, not logged, is p(x)."""
        return self.log_likelihood - self.log_ratio


def weights_of(program: Program, x: np.ndarray, draws: int = _DRAWS) -> Weights:
    """Draws of the latent at rest. Skips the check where it has no density."""
    likelihood: Any = program.needs.likelihood
    images = ops.convert_to_tensor(x)
    output = program.vae(
        images, keras.random.SeedGenerator(5), training=False, samples=draws, likelihood=likelihood
    )
    if output.log_ratio is None:
        raise CheckSkipped("it has no density")
    log_likelihood = likelihood.log_prob(images, output.reconstruction)
    return Weights(*(array(v).astype("float64") for v in (log_likelihood, output.log_ratio)))


def log_evidence(program: Program, space: Space, x: np.ndarray) -> np.ndarray:
    """log p(x) of each image, `(B,)`, integrated over the prior."""
    joint = _Joint(program, x)
    draws = array(joint.prior.sample(keras.random.SeedGenerator(0), (1000,)))
    draws = draws.reshape(-1, program.vae.latent_dim)
    highest = joint(draws).max(axis=0)  # lest exp underflows

    def of_image(number: int, z: np.ndarray) -> np.ndarray:
        return joint(z)[:, number] - highest[number]

    integrals = [space.integral(partial(of_image, number), draws) for number in range(len(x))]
    return highest + np.log(integrals)


class _Joint:
    """log p(z) + log p(x|z) of each image, `(N, B)`, at points z `(N, D)`."""

    def __init__(self, program: Program, x: np.ndarray) -> None:
        self.prior: Any = program.vae.prior_distribution()
        self._likelihood: Any = program.needs.likelihood
        self._program, self._x = program, ops.convert_to_tensor(x)
        self._points, self._values = np.empty((0, 0)), np.empty((0, 0))

    def __call__(self, z: np.ndarray) -> np.ndarray:
        if not np.array_equal(z, self._points):  # of all images, the grid is one
            parts = np.array_split(z.astype("float32"), max(1, len(z) // 20_000))
            self._points, self._values = z, np.concatenate([*map(self._of, parts)])
        return self._values

    def _of(self, z: np.ndarray) -> np.ndarray:
        points = ops.convert_to_tensor(z)
        log_prior = self.prior.log_prob(points)
        if log_prior is None:
            raise CheckSkipped("its prior tells no density")
        decoded = self._program.vae.decode(points, training=False)[:, None]
        log_likelihood = self._likelihood.log_prob(self._x, decoded)
        return array(log_prior).astype("float64")[:, None] + array(log_likelihood)


def scores(program: Program, x: np.ndarray, copies: int = _COPIES) -> dict[str, np.ndarray]:
    """What scoring tells of so many copies of each image, `(copies, B)`, by name."""
    pixels = np.tile(x, (copies, 1, 1, 1))
    return {
        name: values.astype("float64").reshape(copies, len(x))
        for name, values in score(program, Images(pixels)).items()
    }
