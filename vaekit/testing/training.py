"""A part under check, trained for a few steps beside each of the kit's own parts."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import keras
import numpy as np

from vaekit.config import TrainConfig
from vaekit.engine import Blueprint, Program, compile_train
from vaekit.errors import BuildError
from vaekit.model import Context, Part, build_part
from vaekit.registry import KIT, RUN_KINDS
from vaekit.testing.subject import Subject, registered
from vaekit.testing.verdict import CheckSkipped, require
from vaekit.types import ImageShape, Tensor

BATCH = 24
STEPS = 10


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


def beside(blueprint: Blueprint, subject: Subject) -> str:
    """The other parts that a subject is built with, for people."""
    others = (part for part in blueprint.parts.values() if part.component is not subject.component)
    return " and ".join(f"{part.kind} {part.name}" for part in others)


def blueprints(subject: Subject) -> Iterator[Blueprint]:
    """The subject beside each of the kit's losses.

    With them go the first of the kit's backbones that take an image that it takes: where the
    subject's images allow it, the tutorial's.
    """

    def choice(kind: str) -> list[Subject]:
        if kind == subject.kind:
            return [subject]
        return [Subject(part) for part in registered(kind) if part.distribution == KIT]

    # A part that no run needs is there only when it is the subject.
    kinds = [k for k, kind in RUN_KINDS.items() if kind.default or k == subject.kind]
    pairs = itertools.product(choice("encoder"), choice("decoder"))
    matched = ((pair, shape) for pair in pairs for shape in _common_shapes(*pair))
    first = next(matched, None)
    if first is None:
        return
    backbones, shape = first
    kinds = [kind for kind in kinds if kind not in ("encoder", "decoder")]
    for others in itertools.product(*map(choice, kinds)):
        subjects = dict(zip(("encoder", "decoder", *kinds), (*backbones, *others), strict=True))
        parts = {kind: Part(each.component, each.options) for kind, each in subjects.items()}
        config = TrainConfig(latent_dim=subjects["decoder"].claims.latents[0])
        yield Blueprint(config, parts, shape, dataset_size=BATCH)


def _common_shapes(encoder: Subject, decoder: Subject) -> Iterator[ImageShape]:
    """The shapes of images that both take, of those that either is checked on."""
    yield from filter(decoder.claims.takes, encoder.claims.shapes)
    yield from filter(encoder.claims.takes, decoder.claims.shapes)


def trains_ten_steps(subject: Subject) -> None:
    """Beside the kit's parts, each loss among them, the loss falls and weights stay finite."""
    trained = 0
    for blueprint in blueprints(subject):
        try:
            # Gently: a strong penalty may well leap in its first steps at the rate of a real run.
            # Lion's steps are about as long as Adam's, and take a third less time to compile.
            program = blueprint.program(optimizer=keras.optimizers.Lion(1e-4))
        except BuildError:
            if subject.kind != "decoder" or not on_logits(blueprint):
                raise
            continue  # that it works on logits is for another check to say
        trained += 1
        _falls(program, f"Beside {beside(blueprint, subject)}, in {STEPS} training steps")
    if not trained:
        raise CheckSkipped("none of the kit's parts takes the images that it takes")


def on_logits(blueprint: Blueprint) -> bool:
    """Whether its loss works on logits."""
    context = Context(blueprint.image_shape, blueprint.config.latent_dim)
    needs = build_part(blueprint.parts["loss"], context).needs
    return bool(needs.scale == "logits")


def program_beside_kit(subject: Subject) -> Program:
    """The program of a subject beside the first of the kit's parts that take what it takes."""
    blueprint = next(blueprints(subject))
    return blueprint.program(optimizer=keras.optimizers.Lion(1e-4))


def train_steps(program: Program) -> np.ndarray:
    """The rows of `STEPS` training steps, all on one batch."""
    images = some_images(BATCH, program.vae.image_shape)
    block = np.tile(np.arange(BATCH, dtype="int32"), (STEPS, 1))
    return compile_train(program, images)(block)


def _falls(program: Program, when: str) -> None:
    rows = train_steps(program)
    losses = rows[:, program.columns.names.index("loss")] / BATCH
    falls = np.isfinite(losses).all() and losses[-3:].mean() < losses[0]
    require(falls, f"{when} the loss goes {', '.join(f'{loss:.4g}' for loss in losses)}.")
    for variable in program.vae.trainable_variables:
        require(np.isfinite(array(variable)).all(), f"{when} {variable.path} becomes not finite.")


def some_images(count: int, shape: ImageShape, seed: int = 0) -> np.ndarray:
    """Random images, float32 in [0, 1]."""
    return np.random.default_rng(seed).random((count, *shape), dtype="float32")


def array(tensor: Tensor) -> np.ndarray:
    """The values of a tensor or a variable."""
    return np.array(keras.ops.convert_to_numpy(tensor))
