"""A metric under check: what it is asked to measure, made up by what it declares to need."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import lru_cache, partial
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers

from vaekit.config import TrainConfig
from vaekit.engine import Blueprint, Program, ProgramModel
from vaekit.errors import UserError, VaekitError
from vaekit.metric import Estimate, Measurement, Metric
from vaekit.model import Part, seeded
from vaekit.registry import KINDS, Component
from vaekit.run import refuse_unfit
from vaekit.testing.subject import Subject, registered
from vaekit.testing.verdict import CheckSkipped
from vaekit.types import Images, ImageShape, Tensor, VAEOutput

IMAGES, LATENTS = 48, 3
# What each image is drawn from: the place of a square, which is also its class, and its brightness.
FACTORS = {"column": 4, "row": 3, "brightness": 2}


class MetricUnderCheck:
    """A metric, and a small model that meets what it declares; with a condition if `conditional`.

    Skips the check if no installed latent and loss do.
    """

    def __init__(self, subject: Subject, *, conditional: bool = False) -> None:
        self._subject = subject
        self.metric = self.new()
        self.shape = subject.claims.least
        self.program = _program(subject.component, self.shape, conditional)

    def new(self) -> Metric:
        """The metric once more."""
        return _made(self._subject)

    def measurement(self, count: int | None = None) -> Measurement:
        """So many images, by default a few more than it needs, with all that it may ask for."""
        count = max(IMAGES, self.metric.fewest + 8) if count is None else count
        return _measurement(model_of(self.program), self.shape, count)

    def figures(self, measurement: Measurement) -> Mapping[str, Estimate]:
        """What it gives, as it comes."""
        with seeded(measurement.seed):
            return self.metric(measurement)


class Asked(NamedTuple):
    """A metric that was asked once, for all checks that look at what became of it.

    changed: what isn't as it was before, in words.
    """

    made: MetricUnderCheck
    figures: Mapping[str, Estimate]
    changed: list[str]


def asked(subject: Subject) -> Asked:
    """The metric, asked; shared by checks that don't ask it anything else."""
    return _asked(subject.component)


@lru_cache(maxsize=1)
def _asked(component: Component) -> Asked:
    made = MetricUnderCheck(Subject(component))
    measurement = made.measurement()
    held = {f"the variable {v.path}": v.numpy for v in made.program.state}
    for name, column in zip(Images._fields, measurement.images, strict=True):
        held[f"the {name} of images"] = partial(np.array, column)
    before = {what: np.array(value()) for what, value in held.items()}
    figures = made.figures(measurement)
    changed = [what for what, value in held.items() if not _same(before[what], value())]
    return Asked(made, figures, changed)


def _same(one: np.ndarray, other: Any) -> bool:
    return bool(np.all(one == np.array(other)))


class Lacking(ProgramModel):
    """The same model, lacking what a metric doesn't declare to need."""

    def __init__(self, program: Program, needs: tuple[str, ...]) -> None:
        whole = model_of(program)
        drawn = "samples" in needs
        super().__init__(
            program, whole.draws if drawn else None, whole.sampled_by if drawn else None
        )
        self._needs = needs
        if "likelihood" not in needs:
            self.likelihood = None

    @property
    def density(self) -> bool:
        return "density" in self._needs

    def score(self, images: Images) -> Mapping[str, np.ndarray]:
        scores = dict(super().score(images))
        if self.likelihood is None or not self.density:
            scores.pop("elbo", None)
        return scores

    def infer(self, *args: Any, **kwargs: Any) -> VAEOutput:
        output = super().infer(*args, **kwargs)
        assert output.draw is not None
        return (
            output if self.density else output._replace(draw=output.draw._replace(log_ratio=None))
        )

    def log_prior(self, z: Tensor, labels: Tensor | None) -> Tensor:
        if not self.density:
            raise UserError("It asks for log p(z) and doesn't say that it needs a density.")
        return super().log_prior(z, labels)


def without_others(made: MetricUnderCheck) -> Measurement:
    """A measurement with what the metric declares to need, and nothing else."""
    whole, needs = made.measurement(), made.metric.needs
    images = whole.images
    if "labels" not in needs:
        images = images._replace(labels=None)
    if "factors" not in needs:
        images = images._replace(factors=None)
    return whole._replace(
        model=Lacking(made.program, needs),
        images=images,
        against=whole.against if "against" in needs else None,
        factors=whole.factors if "factors" in needs else {},
        classes=None,
    )


def model_of(program: Program) -> ProgramModel:
    """The model, whose prior is sampled, where it has one."""
    return ProgramModel.of_prior(program)


def some_images(shape: ImageShape, count: int, seed: int = 0) -> Images:
    """Grey or coloured squares on black, uint8, with labels and factors; a function of the seed."""
    rng = np.random.default_rng(seed)
    factors = np.stack([rng.integers(0, size, count) for size in FACTORS.values()], axis=1)
    height, width, _ = shape
    pixels = rng.integers(0, 20, (count, *shape), "uint8")
    for image, (column, row, brightness) in zip(pixels, factors, strict=True):
        top, left = row * height // FACTORS["row"], column * width // FACTORS["column"]
        image[top : top + height // 3, left : left + width // 4] = 120 + 100 * brightness
    return Images(pixels, labels=factors[:, 0], factors=factors)


def _measurement(model: ProgramModel, shape: ImageShape, count: int) -> Measurement:
    against = some_images(shape, count, 2)
    return Measurement(
        model=model,
        images=some_images(shape, count),
        training=lambda: some_images(shape, count, 1),
        against=against._replace(pixels=255 - np.asarray(against.pixels)),
        classes=tuple("abcd"),
        factors=FACTORS,
    )


@lru_cache(maxsize=2)
def _program(component: Component, shape: ImageShape, conditional: bool) -> Program:
    """Of the first installed latent and loss that have what the metric needs."""
    metric = _made(Subject(component))
    for latent, loss in _choices(metric):
        parts = {
            "encoder": Part(_part("encoder", _encoder), {}),
            "latent": Part(latent.component, latent.options),
            "decoder": Part(_part("decoder", _decoder), {}),
            "loss": Part(loss.component, loss.options),
        }
        config = TrainConfig(latent_dim=LATENTS, **({"condition": "labels"} if conditional else {}))
        blueprint = Blueprint(config, parts, shape, IMAGES, classes=FACTORS["column"])
        try:
            program = blueprint.program()
            measurement = _measurement(model_of(program), shape, max(IMAGES, metric.fewest))
            names = {kind: part.name for kind, part in parts.items()}
            refuse_unfit(Part(component, {}), metric, measurement, names)
        except VaekitError:
            continue
        return program
    raise CheckSkipped("no installed latent and loss have what it needs")


def _made(subject: Subject) -> Metric:
    made: Metric = subject.make(**{**subject.options, **subject.claims.options})
    return made


def _choices(metric: Metric) -> Iterator[tuple[Subject, Subject]]:
    """Latents of a support that it serves, and losses; those of a run that names none first."""

    def of(kind: str) -> list[Subject]:
        default = KINDS[kind].default
        parts = sorted(registered(kind), key=lambda part: part.name != default)
        return [Subject(part) for part in parts]

    for latent in of("latent"):
        try:
            support = latent.make(LATENTS, **latent.options).support
        except Exception:  # another's latent, which may be broken
            continue
        if metric.supports is None or support in metric.supports:
            yield from ((latent, loss) for loss in of("loss"))


def _part(kind: str, factory: Any) -> Component:
    return Component(kind, "small", "", factory, "vaekit-testing", "0")


def _encoder(image_shape: ImageShape) -> keras.Model:
    images = layers.Input(image_shape)
    return keras.Model(images, layers.Conv2D(8, 4, strides=4, activation="tanh")(images))


def _decoder(latent_dim: int, image_shape: ImageShape) -> keras.Model:
    latents = layers.Input((latent_dim,))
    hidden = layers.Dense(16, activation="tanh")(latents)
    pixels = layers.Dense(math.prod(image_shape), activation="sigmoid")(hidden)
    return keras.Model(latents, layers.Reshape(image_shape)(pixels))
