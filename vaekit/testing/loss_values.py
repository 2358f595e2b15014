"""A loss under check, and what it gives for made-up batches."""

from __future__ import annotations

import itertools
import math
import typing
import warnings
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from vaekit.autodiff import gradient
from vaekit.errors import VaekitWarning
from vaekit.loss import ADVERSARY, needs_of
from vaekit.model import HeldVariables, seeded, variables_of
from vaekit.options import options_of
from vaekit.testing.made_up_draws import made_up_draw
from vaekit.testing.subject import Subject
from vaekit.testing.training import array
from vaekit.types import Tensor, VAEOutput

SHAPE, LATENTS, CLASSES = (8, 8, 1), 3, 4


class Batch(NamedTuple):
    """Images, and what a model might make of them, as arrays."""

    x: np.ndarray
    reconstruction: np.ndarray
    z_mean: np.ndarray
    z_log_var: np.ndarray
    noise: np.ndarray

    def rows(self, order: Any) -> Batch:
        """The images of these numbers."""
        return Batch(*(part[order] for part in self))


def a_batch(count: int = 6) -> Batch:
    """A batch of values that are fair as means, as logits and as parameters."""
    rng = np.random.default_rng(0)
    x, reconstruction = rng.uniform(0.2, 0.8, (2, count, *SHAPE))
    mean, log_var, noise = rng.normal(0, 0.7, (3, count, LATENTS))
    return Batch(*(a.astype("float32") for a in (x, reconstruction, mean, log_var, noise)))


class LossUnderCheck:
    """The loss that a subject makes with these options, its needs and its networks."""

    def __init__(self, subject: Subject, **options: Any) -> None:
        with warnings.catch_warnings():
            # Tried with every value of its options, of which some have no effect beside others.
            warnings.simplefilter("ignore", VaekitWarning)
            self.loss = subject.make(**{**subject.options, **options})
        self.needs = needs_of(self.loss, subject.name)

    @cached_property
    def networks(self) -> dict[str, Callable[[Tensor], Any]]:
        """Its networks by name, its adversary's among them."""
        with seeded(0):
            return self.needs.built_networks(SHAPE, LATENTS, CLASSES)

    @cached_property
    def weights(self) -> dict[str, list[keras.Variable]]:
        """What the loss may see of each part's weights: a matrix each, the decoder's its own."""
        shapes = {"encoder": (4, 3), "latent": (3, LATENTS), "prior": (2, LATENTS)}
        shapes["decoder"] = (LATENTS, math.prod(SHAPE))
        rng = np.random.default_rng(4)
        return {
            part: [keras.Variable(rng.normal(size=shape).astype("float32"), name=part)]
            for part, shape in shapes.items()
        }

    def silence_networks(self) -> None:
        """Let its networks give zeros from now on."""
        self.networks = {name: partial(_silent, net) for name, net in self.networks.items()}

    @cached_property
    def own(self) -> HeldVariables:
        """The loss's own variables; its layers are built by a call."""
        self.raw_terms(a_batch())
        others = [self.needs.adversary, *self.networks.values()]
        return variables_of(self.loss, self.needs.likelihood, but=others)

    def schedule(self, step: int) -> dict[str, Any]:
        """The value of each schedule at a step."""
        now = ops.convert_to_tensor(step, dtype="int32")
        return {name: schedule(now) for name, schedule in self.needs.schedules.items()}

    def output(self, batch: Batch, step: int = 0) -> VAEOutput:
        """A batch as the loss is handed it."""
        mean, log_var, noise, reconstruction = map(
            ops.convert_to_tensor,
            (batch.z_mean, batch.z_log_var, batch.noise, batch.reconstruction),
        )
        draw = made_up_draw(self.needs, mean, log_var, noise)
        reconstruction = self._decoded(reconstruction)
        if self.needs.samples > 1:
            several = partial(_several, self.needs.samples)
            reconstruction = several(reconstruction)
            log_ratio = None if draw.log_ratio is None else several(draw.log_ratio)
            draw = draw._replace(z=several(draw.z), log_ratio=log_ratio)
        return VAEOutput(
            reconstruction,
            draw.posterior,
            draw.z,
            self.schedule(step),
            self.networks.get(ADVERSARY),
            dataset_size=1000,
            draw=draw,
            networks=self.networks,
            decode=self._decode,
            seed=keras.random.SeedGenerator(0),
            weights=self.weights,
            labels=self._labels(batch),
            under=partial(self._under, batch, step),
            # As of a last layer that adds its kernel to the image.
            last_layer_gradient=lambda f: gradient(f, reconstruction),
        )

    def _decode(self, z: Tensor, *, training: bool = True) -> Tensor:
        """Images `(..., B, H, W, C)` of z `(..., B, D)`, by a matrix in a decoder's place."""
        images = ops.sigmoid(ops.matmul(z, self.weights["decoder"][0]))
        return self._decoded(ops.reshape(images, (*ops.shape(z)[:-1], *SHAPE)))

    def _labels(self, batch: Batch) -> Tensor | None:
        """Where the loss can tell classes, the class of each image, or that it has none."""
        if self.needs.classifier is None:
            return None
        numbers = np.floor(1000 * np.abs(batch.noise[:, 0])) % (CLASSES + 1)
        return ops.convert_to_tensor(numbers.astype("int32") - 1)

    def _under(self, batch: Batch, step: int, labels: Tensor) -> VAEOutput:
        """The batch under other labels, by which its posteriors' means differ."""
        labels = array(labels)
        again = batch.rows(np.tile(np.arange(len(batch.x)), len(labels)))
        apart = np.float32(0.1) * labels.reshape(-1, 1)
        moved = again._replace(z_mean=(again.z_mean + apart).astype("float32"))
        return self.output(moved, step)

    def _decoded(self, images: Tensor) -> Tensor:
        """Images in a reconstruction's place: each value, and its negative, as all parameters."""
        channels = self.needs.decoded_shape(SHAPE)[-1]
        if channels == SHAPE[-1]:
            return images
        signs = np.resize(np.array([1.0, -1.0], "float32"), channels)
        return ops.multiply(images[..., :1], signs)

    def raw_terms(self, batch: Batch, step: int = 0) -> Any:
        """What the loss gives for a batch at a step."""
        return self.loss(ops.convert_to_tensor(batch.x), self.output(batch, step))

    def raw_adversary_terms(self, batch: Batch) -> Any:
        """What its adversary gives for a batch; nothing if it has none."""
        if self.needs.adversary is None:
            return {}
        seed = keras.random.SeedGenerator(0)
        return self.needs.adversary(ops.convert_to_tensor(batch.x), self.output(batch), seed)

    def terms(self, batch: Batch, step: int = 0) -> dict[str, np.ndarray]:
        """The loss's terms as arrays."""
        return _arrays(self.raw_terms(batch, step))

    def all_terms(self, batch: Batch) -> dict[str, np.ndarray]:
        """The terms of the loss and of its adversary as arrays."""
        return {**self.terms(batch), **_arrays(self.raw_adversary_terms(batch))}

    def total(self, batch: Batch) -> float:
        """What is minimised."""
        return float(sum(term.sum() for term in self.terms(batch).values()))


def _several(count: int, values: Tensor) -> Tensor:
    """The same values for each of so many draws."""
    return ops.stack([values] * count, axis=0)


def _silent(network: Callable[[Tensor], Any], values: Tensor) -> Any:
    """Zeros in the place of what a network gives."""
    return keras.tree.map_structure(ops.zeros_like, network(values))


def _arrays(terms: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    return {name: array(term).astype("float64") for name, term in terms.items()}


def choices(subject: Subject) -> list[dict[str, Any]]:
    """Every combination of the options that are a choice from a list, the default's first.

    At most 64 of them, those that differ from it in the fewest options.
    """
    values_of, default = {}, subject.options
    for name, option in options_of(subject.component).items():
        if typing.get_origin(option.annotation) is typing.Literal:
            values_of[name] = typing.get_args(option.annotation)
        elif isinstance(option.default, bool):
            values_of[name] = (False, True)
    products = itertools.product(*values_of.values())
    combinations = [dict(zip(values_of, values, strict=True)) for values in products]
    return sorted(combinations, key=lambda c: sum(default[name] != c[name] for name in c))[:64]
