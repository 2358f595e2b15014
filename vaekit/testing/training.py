"""A part under check, trained for a few steps beside each of the kit's own parts."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import keras
import numpy as np

from vaekit.config import KernelChoice, Precision
from vaekit.engine import Program, compile_train
from vaekit.errors import BuildError
from vaekit.model import VAE, Parts, build_vae
from vaekit.registry import KIT
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


class Setting(NamedTuple):
    """Parts that are to be built into one VAE, and what is to be known for that."""

    parts: Parts
    image_shape: ImageShape
    latent_dim: int
    seed: int = 0
    precision: Precision = "float32"

    def beside(self, subject: Subject) -> str:
        """The other parts, for people."""
        others = (part for part in self.parts[:3] if part is not subject.component)
        return " and ".join(f"{part.kind} {part.name}" for part in others)

    def vae(self, scale: str) -> VAE:
        """The VAE of the parts. Raises `BuildError` if they don't fit."""
        return build_vae(
            self.parts,
            self.image_shape,
            latent_dim=self.latent_dim,
            scale=scale,
            seed=self.seed,
            precision=self.precision,
        )

    def program(
        self, optimizer: keras.optimizers.Optimizer, kernels: KernelChoice = "fused"
    ) -> Program:
        """The VAE, ready to train. Raises `BuildError` if the parts don't fit."""
        loss, needs = self.parts.build_loss()
        return Program(
            self.vae(needs.scale),
            loss,
            needs,
            optimizer,
            seed=self.seed,
            loss_name=self.parts.loss.name,
            dataset_size=BATCH,
            kernels=kernels,
        )


def settings(subject: Subject) -> Iterator[Setting]:
    """The subject beside every combination of the kit's parts that takes an image that it takes."""

    def choice(kind: str) -> list[Subject]:
        if kind == subject.kind:
            return [subject]
        return [Subject(part) for part in registered(kind) if part.distribution == KIT]

    for trio in itertools.product(*map(choice, ("encoder", "decoder", "loss"))):
        encoder, decoder, _ = trio
        shape = next(filter(decoder.claims.takes, encoder.claims.shapes), None) or next(
            filter(encoder.claims.takes, decoder.claims.shapes), None
        )
        if shape is not None:
            components, options = zip(*((s.component, s.options) for s in trio), strict=True)
            yield Setting(Parts(*components, *options), shape, decoder.claims.latents[0])


def trains_ten_steps(subject: Subject) -> None:
    """Beside each of the kit's parts, the loss falls in ten steps and weights stay finite."""
    trained = 0
    for setting in settings(subject):
        try:
            # Gently: a strong penalty may well leap in its first steps at the rate of a real run.
            # Lion's steps are about as long as Adam's, and take a third less time to compile.
            program = setting.program(keras.optimizers.Lion(1e-4))
        except BuildError:
            if subject.kind != "decoder" or setting.parts.build_loss()[1].scale != "logits":
                raise
            continue  # that it works on logits is for another check to say
        trained += 1
        _falls(program, f"Beside {setting.beside(subject)}, in {STEPS} training steps")
    if not trained:
        raise CheckSkipped("none of the kit's parts takes the images that it takes")


def _falls(program: Program, when: str) -> None:
    images = some_images(BATCH, program.vae.image_shape)
    block = np.tile(np.arange(BATCH, dtype="int32"), (STEPS, 1))  # all on one batch
    rows = compile_train(program, images)(block)
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
