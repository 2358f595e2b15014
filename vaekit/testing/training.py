"""A part under check, trained for a few steps beside the kit's default parts."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from vaekit.config import TrainConfig
from vaekit.engine import Program, compile_train
from vaekit.model import VAE, Parts, build_vae, resolve_parts
from vaekit.plugins import discover
from vaekit.testing.subject import Subject
from vaekit.types import ImageShape, Tensor, VAEOutput

BATCH = 24


class AtRest(VAE):
    """A VAE that trains in inference mode: batch norm keeps its averages, dropout is off.

    So every weight that has any effect has a gradient, a bias before batch norm among them.
    """

    def __init__(self, vae: VAE) -> None:
        self.__dict__.update(vars(vae))

    def __call__(
        self,
        x: Tensor,
        noise: keras.random.SeedGenerator,
        *,
        training: bool,
        samples: int = 1,
    ) -> VAEOutput:
        return super().__call__(x, noise, training=False, samples=samples)


def parts_with(subject: Subject) -> Parts:
    """The kit's default parts, with the subject in its place."""
    parts = resolve_parts(TrainConfig(), discover().registry)
    place: dict[str, Any] = {
        subject.kind: subject.component,
        f"{subject.kind}_options": subject.options,
    }
    return parts._replace(**place)


def program_with(subject: Subject, *, rate: float, at_rest: bool = False) -> Program:
    """A VAE of the subject and the kit's default parts, ready to train."""
    parts = parts_with(subject)
    loss, needs = parts.build_loss()
    vae = build_vae(
        parts,
        subject.claims.least,
        latent_dim=subject.claims.latents[0],
        scale=needs.scale,
        seed=0,
    )
    return Program(
        AtRest(vae) if at_rest else vae,
        loss,
        needs,
        keras.optimizers.Adam(rate),
        seed=0,
        loss_name=parts.loss.name,
        dataset_size=BATCH,
    )


def train(program: Program, steps: int) -> np.ndarray:
    """The loss of each of so many steps, all on one batch."""
    images = some_images(BATCH, program.vae.image_shape)
    block = np.tile(np.arange(BATCH, dtype="int32"), (steps, 1))
    rows = compile_train(program, images)(block)
    return rows[:, program.columns.names.index("loss")] / BATCH


def trains_ten_steps(subject: Subject) -> None:
    """Beside the kit's default parts, the loss falls in ten steps and every weight stays finite."""
    # Gently: a strong penalty may well leap in its first steps at the rate of a real run.
    program = program_with(subject, rate=1e-4)
    losses = train(program, 10)
    shown = ", ".join(f"{loss:.4g}" for loss in losses)
    assert np.isfinite(losses).all(), f"In ten training steps the loss goes {shown}."
    assert losses[-3:].mean() < losses[0], f"In ten training steps the loss goes {shown}."
    for variable in program.vae.trainable_variables:
        finite = np.isfinite(array(variable)).all()
        assert finite, f"After ten training steps the weight {variable.path} is not finite."


def some_images(count: int, shape: ImageShape, seed: int = 0) -> np.ndarray:
    """Random images, float32 in [0, 1]."""
    return np.random.default_rng(seed).random((count, *shape), dtype="float32")


def array(tensor: Tensor) -> np.ndarray:
    """The values of a tensor or a variable."""
    return np.array(keras.ops.convert_to_numpy(tensor))
