"""What is measured: a VAE ready to train, opened as `vaekit train` opens it."""

from __future__ import annotations

import math
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from vaekit.benchmark.counting import Count, count_work
from vaekit.benchmark.timing import Repeat
from vaekit.config import TrainConfig
from vaekit.data import take
from vaekit.engine import Pace, compile_train, epoch_order
from vaekit.errors import UserError
from vaekit.memory import free_memory
from vaekit.run import Run
from vaekit.startup import on_cpu
from vaekit.trainer import open_session
from vaekit.trainer.progress import Progress
from vaekit.types import Dataset, Images

SHAPE = (28, 28)
_IMAGES, _CLASSES = 8192, 10


def random_images(config: TrainConfig, batch_sizes: Sequence[int]) -> Dataset:
    """Grey noise in ten classes, of MNIST's or `config.image_size`: speed depends on no picture.

    Raises `UserError` if there is no memory for it.
    """
    count = max(_IMAGES, *batch_sizes)
    shape = (count, *(config.image_size or SHAPE), 1)
    if math.prod(shape) > free_memory():
        raise UserError(
            f"There is no memory for {count} images of {shape[1]}x{shape[2]} to measure with; "
            "choose smaller --batch-sizes or a smaller --image-size."
        )
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype="uint8")
    images = Images(pixels, np.arange(count) % _CLASSES)
    return Dataset("random images", images, take(images, slice(256)))


class Subject:
    """A VAE, its compiled training steps, and the same VAE as a run that encodes and decodes.

    data: what to train on, else what `config` names, else noise.
    build_seconds: what the images' way to the device and the building of the steps took.

    Raises a `UserError` for whatever `vaekit train` would refuse, a batch larger than the data
    among it.
    """

    def __init__(
        self, config: TrainConfig, batch_sizes: Sequence[int], data: Dataset | None = None
    ) -> None:
        if data is None and config.data is None:
            data = random_images(config, batch_sizes)
        nowhere = os.path.join(tempfile.gettempdir(), f"vaekit-bench-{os.getpid()}")
        config = config.model_copy(update={"batch_size": max(batch_sizes), "out": nowhere})
        session = open_session(config, data, callbacks=(), progress=Progress())
        self.config = session.config
        self.images = session.source.train
        self.program = session.program
        self.run = Run(session.directory, session.record, session.blueprint, session.built)
        began = time.perf_counter()
        self._train = compile_train(self.program, self.images)
        # Some backends trace here, others in the first call: only both together can be compared.
        self.build_seconds = time.perf_counter() - began
        self._epoch = 0

    @property
    def precision(self) -> str:
        """What the nets compute in, as `--precision` names it."""
        return str(self.config.precision)

    @property
    def counts(self) -> dict[str, Count]:
        """The work of an image in each net, by what it is needed for."""
        vae = self.program.vae
        encoder, decoder = count_work(vae.posterior), count_work(vae.decoder)
        return {
            "training": encoder + decoder,
            "encode": encoder,
            "decode": decoder,
            "sample": decoder,
        }

    def training(self, batch_size: int) -> Callable[[int], float]:
        """Training steps in epochs' order, as many a call as the trainer would take.

        What it gives does so many and returns the loss of the last.
        """
        pace = Pace(self.config.steps_per_call)
        waiting = np.empty((0, batch_size), "int32")
        compiled = on_cpu() or keras.backend.backend() != "jax"

        def repeat(steps: int) -> float:
            nonlocal waiting, compiled
            if steps > 1 and not compiled:
                self._compile_lengths(batch_size)
                compiled = True
            while steps:
                if not len(waiting):
                    waiting = self._next_epoch(batch_size)
                block = waiting[: min(pace.steps, steps, self._train.most(batch_size))]
                waiting = waiting[len(block) :]
                began = time.perf_counter()
                rows = self._train(block)
                pace.took(len(block), time.perf_counter() - began)
                steps -= len(block)
            return float(self.program.columns.means(rows[-1], batch_size)["loss"][0])

        return repeat

    def _compile_lengths(self, batch_size: int) -> None:
        """Call JAX's loop of each length once, since each compiles: none shall within a time."""
        block = self._next_epoch(batch_size)
        most, length = min(len(block), self._train.most(batch_size)), 1
        while length <= most:
            self._train(block[:length])
            length *= 2

    def encode(self, batch_size: int) -> Repeat:
        """Calls of `run.encode` on so many images."""
        images = take(self.images, slice(batch_size))
        images = images._replace(pixels=images.pixels[:])
        return _calls(lambda: self.run.posterior(images))

    def decode(self, batch_size: int) -> Repeat:
        """Calls of `run.decode` on so many latents."""
        shape = (batch_size, *self.run.latent_shape)
        z = np.random.default_rng(0).standard_normal(shape, dtype="float32")
        labels = None if self.images.labels is None else self.images.labels[:batch_size]
        return _calls(lambda: self.run.decode(z, labels))

    def sample(self, batch_size: int) -> Repeat:
        """Calls of `run.sample` for so many images."""
        return _calls(lambda: self.run.sample(batch_size))

    def _next_epoch(self, batch_size: int) -> np.ndarray:
        order = epoch_order(self.config.seed, self._epoch, len(self.images.pixels))
        self._epoch += 1
        steps = len(order) // batch_size
        order = order[: steps * batch_size]
        self._train.expect(order, batch_size)
        return order.reshape(steps, batch_size)


def _calls(call: Any) -> Repeat:
    def repeat(count: int) -> None:
        for _ in range(count):
            call()

    return repeat
