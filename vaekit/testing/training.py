"""A part under check, trained for a few steps beside other parts."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import keras
import numpy as np

from vaekit.config import TrainConfig
from vaekit.engine import Blueprint, Program, compile_train
from vaekit.errors import BuildError
from vaekit.model import Built, Context, Part, Parts, build_part
from vaekit.registry import KIT, RUN_KINDS, Component
from vaekit.testing.partners import partner
from vaekit.testing.served import latents_served
from vaekit.testing.subject import Subject, registered
from vaekit.testing.verdict import CheckSkipped, require
from vaekit.types import Images, ImageShape, Tensor

BATCH, CLASSES = 24, 4
STEPS = 10
_MOST = 32  # combinations of other parts that a part is tried with
_BACKBONES = ("encoder", "decoder")
_NO_IMAGES = "none of the kit's parts takes the images that it takes"


class AtRest(keras.Model):  # type: ignore[misc]
    """Trains a model in inference mode: batch norm keeps its averages, dropout is off.

    So every weight that has any effect has a gradient, a bias before batch norm among them.
    """

    def __init__(self, model: keras.Model) -> None:
        super().__init__()
        self.model = model

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        """What the model gives at inference, whatever the mode."""
        return self.model(inputs, training=False)


class Trained(NamedTuple):
    """A program after `STEPS` steps on one batch, and what it was before.

    rows: of the steps. before: the values of what training moves. beside: the other parts.
    """

    program: Program
    rows: np.ndarray
    before: dict[int, np.ndarray]
    beside: str

    def still(self, variables: list[keras.Variable]) -> list[str]:
        """The paths of those that training hasn't moved."""
        return [v.path for v in variables if np.array_equal(self.before[id(v)], array(v))]

    def wild(self, variables: list[keras.Variable]) -> list[str]:
        """The paths of those that aren't finite."""
        return [v.path for v in variables if not np.isfinite(array(v)).all()]


def blueprints(subject: Subject) -> Iterator[Blueprint]:
    """The subject beside other parts, those that it's best checked with first.

    A backbone goes beside each of the kit's losses, in turn; another part beside those of a run
    that names none, and then beside any. With them go small nets, or, where the subject is a net
    itself, the first of the kit's that take an image that it takes.
    """
    pairs = itertools.product(*(_nets(subject, kind) for kind in _BACKBONES))
    matched = ((pair, shape) for pair in pairs for shape in _common_shapes(*pair))
    first = next(matched, None)
    if first is None:
        return
    (encoder, decoder), shape = first
    in_model = [name for name, kind in RUN_KINDS.items() if kind.in_model]
    kinds = [kind for kind in in_model if kind not in _BACKBONES]
    for others in _common_first([_choice(subject, kind) for kind in kinds]):
        subjects = {"encoder": encoder, "decoder": decoder, **dict(zip(kinds, others, strict=True))}
        # In the order in which the kit builds them.
        parts = {
            kind: Part(each.component, each.options)
            for kind in in_model
            if (each := subjects[kind]) is not None
        }
        config = TrainConfig(latent_dim=decoder.claims.latents[0], **_condition(parts))
        yield Blueprint(config, parts, shape, dataset_size=BATCH, classes=CLASSES)


def _condition(parts: Parts) -> dict[str, str]:
    """What a config says of a condition, where the loss needs one."""
    try:
        needs = build_part(parts["loss"], Context((8, 8, 1), 2)).needs
    except BuildError:  # which building all of it says
        return {}
    return {} if needs.classifier is None else {"condition": "labels"}


def _common_first(choices: list[list[Subject | None]]) -> list[tuple[Subject | None, ...]]:
    """Combinations of one of each list: first what differs least, and least far, from the first."""

    def distance(numbered: tuple[tuple[int, Subject | None], ...]) -> tuple[int, int]:
        places = [place for place, _ in numbered]
        return sum(place > 0 for place in places), sum(places)

    by_place = sorted(itertools.product(*map(enumerate, choices)), key=distance)
    return [tuple(part for _, part in each) for each in by_place[:_MOST]]


def _nets(subject: Subject, kind: str) -> list[Subject]:
    """The encoders or decoders that a subject goes beside; the subject alone of its own kind."""
    return _of_kit(subject, kind) if subject.kind in _BACKBONES else [partner(kind)]


def _of_kit(subject: Subject, kind: str) -> list[Subject]:
    """The kit's parts of a kind; the subject alone of its own."""
    if kind == subject.kind:
        return [subject]
    return [Subject(part) for part in registered(kind) if part.distribution == KIT]


def _choice(subject: Subject, kind: str) -> list[Subject | None]:
    """What the subject may go beside, what a run has that names nothing of this kind first.

    A backbone, which can't misfit a loss, goes beside that and beside the kit's losses.
    """
    if subject.kind == kind or (subject.kind in _BACKBONES and kind == "loss"):
        return [*_of_kit(subject, kind)]
    if (subject.kind, kind) == ("prior", "latent"):
        return [*latents_served(subject)]
    default = RUN_KINDS[kind].default
    parts = sorted(registered(kind), key=lambda p: (p.name != default, p.distribution != KIT))
    every: list[Subject | None] = [None] if default is None else []
    every += [Subject(part) for part in parts]
    return every[:1] if subject.kind in _BACKBONES else every


def _common_shapes(encoder: Subject, decoder: Subject) -> Iterator[ImageShape]:
    """The shapes of images that both take, of those that either is checked on."""
    yield from filter(decoder.claims.takes, encoder.claims.shapes)
    yield from filter(encoder.claims.takes, decoder.claims.shapes)


def beside(blueprint: Blueprint, subject: Subject) -> str:
    """The other parts that a subject is built with, for people."""
    others = (part for part in blueprint.parts.values() if part.component is not subject.component)
    return " and ".join(f"{part.kind} {part.name}" for part in others)


def fitting(subject: Subject) -> tuple[Blueprint, Built]:
    """The subject beside the first parts that it fits.

    Skips the check if the kit's backbones take none of its images; raises `BuildError` as the
    first parts do, if it fits none.
    """
    refusal: BuildError | None = None
    for blueprint in blueprints(subject):
        try:
            return blueprint, blueprint.build()
        except BuildError as error:
            refusal = refusal or error
    if refusal is None:
        raise CheckSkipped(_NO_IMAGES)
    raise refusal


def trained(subject: Subject) -> Trained:
    """The subject trained beside the first parts that it fits; shared by checks that read it."""
    return _trained(subject.component)


@lru_cache(maxsize=1)
def _trained(component: Component) -> Trained:
    subject = Subject(component)
    blueprint, built = fitting(subject)
    return _train(blueprint, subject, built)


def trains_ten_steps(subject: Subject) -> None:
    """The loss falls and weights stay finite; a backbone's beside each of the kit's losses."""
    if subject.kind not in _BACKBONES:
        _require_fall(trained(subject))
        return
    count = 0
    for blueprint in blueprints(subject):
        try:
            run = _train(blueprint, subject)
        except BuildError:
            if subject.kind != "decoder" or not on_logits(blueprint):
                raise
            continue  # that it works on logits is for another check to say
        count += 1
        _require_fall(run)
    if not count:
        raise CheckSkipped(_NO_IMAGES)


def on_logits(blueprint: Blueprint) -> bool:
    """Whether its loss works on logits."""
    context = Context(blueprint.image_shape, blueprint.config.latent_dim)
    needs = build_part(blueprint.parts["loss"], context).needs
    return bool(needs.scale == "logits")


def _train(blueprint: Blueprint, subject: Subject, built: Built | None = None) -> Trained:
    """`STEPS` steps, all on one batch."""
    # Gently: a strong penalty may well leap in its first steps at the rate of a real run.
    # Lion's steps are about as long as Adam's, and take a third less time to compile.
    # No step undoes another: a weight that is one number might else be back where it began.
    rate = keras.optimizers.schedules.ExponentialDecay(1e-4, STEPS, 0.5)
    program = blueprint.program(built, optimizer=keras.optimizers.Lion(rate))
    before = {id(v): array(v) for v in program.state}
    images = some_images(BATCH, program.vae.image_shape)
    block = np.tile(np.arange(BATCH, dtype="int32"), (STEPS, 1))
    labels = np.arange(BATCH) % (CLASSES + 1) - 1  # of which some are unknown
    conditional = program.vae.condition is not None
    rows = compile_train(program, Images(images, labels) if conditional else images)(block)
    return Trained(program, rows, before, beside(blueprint, subject))


def _require_fall(run: Trained) -> None:
    when = f"Beside {run.beside}, in {STEPS} training steps"
    for total in run.program.columns.totals:
        losses = run.rows[:, run.program.columns.offset(total)] / BATCH
        course = ", ".join(f"{loss:.4g}" for loss in losses)
        # What players do to each other's losses is theirs; only one that plays alone must fall.
        falls = len(run.program.columns.totals) > 1 or losses[-3:].mean() < losses[0]
        require(np.isfinite(losses).all() and falls, f"{when} the {total} goes {course}.")
    wild = run.wild(run.program.state)
    require(not wild, f"{when} {', '.join(wild[:3])} becomes not finite.")


def some_images(count: int, shape: ImageShape, seed: int = 0) -> np.ndarray:
    """Random images, float32 in [0, 1]."""
    return np.random.default_rng(seed).random((count, *shape), dtype="float32")


def array(tensor: Tensor) -> np.ndarray:
    """The values of a tensor or a variable."""
    return np.array(keras.ops.convert_to_numpy(tensor))
