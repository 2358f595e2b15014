"""A program with its weights at rest, as metrics see it: `vaekit.metric.TrainedModel`."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import cached_property
from typing import Any

import keras
import numpy as np
from keras import ops

from vaekit.distributions import Likelihood
from vaekit.engine.evaluation import images_a_batch, score
from vaekit.engine.pace import Pace
from vaekit.engine.program import Batch, Program
from vaekit.engine.steps import Steps, compile_forward
from vaekit.errors import UserError
from vaekit.latent import Parameters
from vaekit.metric import ImageFunction
from vaekit.model import latent_space, run_model
from vaekit.pixels import as_float_tensor
from vaekit.types import Images, Pixels, Tensor, VAEOutput

# (count, seed, labels) -> z `(count, *latent_shape)`
Draws = Callable[[int, int, "np.ndarray | None"], np.ndarray]


def _nothing(images: int) -> None:
    pass


class ProgramModel:
    """The model of a program, as it is when it is asked; nothing of the program is changed.

    draws: z of so many images; None where nothing can be drawn.
    sampled_by: what draws it.
    """

    def __init__(self, program: Program, draws: Draws | None, sampled_by: str | None) -> None:
        vae = program.vae
        self.image_shape = vae.image_shape
        self.latent_space = latent_space(vae)
        self.likelihood: Likelihood | None = program.needs.likelihood
        self.classes = self.latent_space.classes
        self.sampled_by = sampled_by
        self.draws = draws
        self._program = program

    @classmethod
    def of_prior(cls, program: Program) -> ProgramModel:
        """With samples of the prior, where there is one."""
        space = latent_space(program.vae)
        if space.prior_law() is None:
            return cls(program, None, None)
        return cls(
            program,
            lambda count, seed, labels: space.prior_draws(count, seed, 1.0, labels),
            "prior",
        )

    @cached_property
    def density(self) -> bool:
        """See `TrainedModel`."""
        with keras.StatelessScope():
            batch = self._program.blank()
            x, labels = batch if isinstance(batch, tuple) else (batch, None)
            output = self.infer(x, labels, keras.random.SeedGenerator(0))
        return output.log_ratio is not None

    def score(self, images: Images) -> Mapping[str, np.ndarray]:
        """See `TrainedModel.score`."""
        return score(self._program, images)

    def posterior(self, images: Images) -> Mapping[str, np.ndarray]:
        """See `TrainedModel.posterior`."""
        outputs = self._run(self._program.vae.posterior, images.pixels, self._classes_of(images))
        return dict(zip(self._program.vae.posterior_names, outputs, strict=True))

    def points(self, images: Images) -> np.ndarray:
        """See `TrainedModel.points`."""
        (z,) = self._run(self._program.vae.point, images.pixels, self._classes_of(images))
        return z

    def decode(self, z: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
        """See `TrainedModel.decode`."""
        condition = self._program.vae.condition
        classes = None if condition is None else condition.checked(labels)
        (means,) = self._run(self._program.vae.decoder, np.asarray(z, "float32"), classes)
        return means

    def sample(self, count: int, seed: int, labels: np.ndarray | None = None) -> np.ndarray:
        """See `TrainedModel.sample`."""
        if self.draws is None:
            raise UserError("The latent has no prior and no sampler is fitted: nothing is drawn.")
        if self.classes is not None and labels is None:
            labels = np.arange(count, dtype="int32") % self.classes
        return self.decode(self.draws(count, seed, labels), labels)

    def over(
        self,
        f: ImageFunction,
        images: Images,
        *,
        batch: int | None = None,
        seed: int = 0,
        done: Callable[[int], None] = _nothing,
    ) -> Mapping[str, np.ndarray]:
        """See `TrainedModel.over`."""
        values = self.over_repeats(f, images, 1, batch=batch, seed=seed, done=done)
        return {name: value[0] for name, value in values.items()}

    def over_repeats(
        self,
        f: ImageFunction,
        images: Images,
        repeats: int,
        *,
        batch: int | None = None,
        seed: int = 0,
        done: Callable[[int], None] = _nothing,
    ) -> Mapping[str, np.ndarray]:
        """See `TrainedModel.over_repeats`."""
        count = len(images.pixels)
        size = min(batch or images_a_batch(images.pixels), count)
        # Batches of one size are compiled once; what fills up the last one is cut off again.
        order = np.minimum(np.arange(math.ceil(count / size) * size, dtype="int32"), count - 1)
        block = np.repeat(order.reshape(-1, size), repeats, axis=0)
        shapes: dict[str, tuple[int, ...]] = {}
        steps = compile_forward(self._program, self._step(f, size, shapes), images)
        real = np.minimum(size, count - size * (np.arange(len(block)) // repeats))
        rows = self._passed(steps, block, seed, lambda part: done(int(real[part].sum())))
        rows = rows.reshape(-1, repeats, size, rows.shape[-1]).swapaxes(0, 1)
        rows = rows.reshape(repeats, -1, rows.shape[-1])[:, :count]
        widths = [math.prod(shape) for shape in shapes.values()]
        parts = np.split(rows, np.cumsum(widths)[:-1], axis=-1)
        return {
            name: part.reshape(repeats, count, *shape)
            for (name, shape), part in zip(shapes.items(), parts, strict=True)
        }

    def parameters(self, x: Tensor, labels: Tensor | None) -> Parameters:
        """See `TrainedModel.parameters`."""
        return self._program.parameters_at_rest(x, labels)

    def infer(
        self,
        x: Tensor,
        labels: Tensor | None,
        seed: Any,
        samples: int = 1,
        parameters: Parameters | None = None,
    ) -> VAEOutput:
        """See `TrainedModel.infer`."""
        return self._program.at_rest(x, labels, seed, samples, parameters)

    def log_likelihood(self, x: Tensor, z: Tensor, labels: Tensor | None) -> Tensor:
        """See `TrainedModel.log_likelihood`."""
        if self.likelihood is None:
            raise UserError("The run's loss declares no likelihood p(x|z).")
        lead = z.shape[:-2]
        if len(lead) > 1:
            z = ops.reshape(z, (math.prod(lead), *z.shape[-2:]))
        reconstruction = self._program.vae.decode(z, labels, training=False)
        return ops.reshape(self.likelihood.log_prob(x, reconstruction), (*lead, -1))

    def log_prior(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """See `TrainedModel.log_prior`."""
        law = self._program.vae.prior_distribution(None if labels is None else labels[:, None])
        log_prob = None if law is None else law.log_prob(z)
        if log_prob is None:
            raise UserError("The run's prior p(z) has no density.")
        return log_prob

    def _classes_of(self, images: Images) -> np.ndarray | None:
        condition = self._program.vae.condition
        return None if condition is None else condition.checked(images.labels)

    def _run(
        self, model: keras.Model, values: Pixels, classes: np.ndarray | None
    ) -> list[np.ndarray]:
        return run_model(model, values, classes, self._program.kernels)

    def _step(
        self, f: ImageFunction, size: int, shapes: dict[str, tuple[int, ...]]
    ) -> Callable[[Batch], Tensor]:
        """A step that gives a row of numbers an image, and notes what they are of."""

        def step(batch: Batch) -> Tensor:
            stored, labels = batch if isinstance(batch, tuple) else (batch, None)
            x = ops.reshape(as_float_tensor(stored), (size, *self.image_shape))
            if labels is not None:
                labels = ops.reshape(labels, (size,))
            values = f(x, labels, self._program.eval_noise)
            shapes.update({name: tuple(value.shape[1:]) for name, value in values.items()})
            rows = [ops.reshape(ops.cast(v, "float32"), (size, -1)) for v in values.values()]
            return ops.concatenate(rows, axis=-1)

        return step

    def _passed(
        self, steps: Steps, block: np.ndarray, seed: int, done: Callable[[slice], None]
    ) -> np.ndarray:
        """The rows of all steps, `(S, B, M)`; afterwards all variables are as before.

        done: is called with which steps are through.
        """
        size = block.shape[1]
        steps.expect(block.ravel(), size)
        rows, at, pace = [], 0, Pace()
        with closing(steps), self._program.evaluating():
            self._program.eval_noise.state.assign(keras.random.SeedGenerator(seed).state)
            while at < len(block):
                part = slice(at, at + min(pace.steps, steps.most(size)))
                began = time.perf_counter()
                rows.append(steps(block[part]))
                pace.took(len(rows[-1]), time.perf_counter() - began)
                at += len(rows[-1])
                done(part)
        return np.concatenate(rows)
