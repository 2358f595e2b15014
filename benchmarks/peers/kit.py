"""vaekit itself, through what `vaekit bench` measures."""

from __future__ import annotations

import math
import time
from typing import Any

from peers.interface import LEARNING_RATE, Done, Job, Refused
from peers.nets import half
from vaekit.config import TrainConfig
from vaekit.errors import UserError
from vaekit.startup import select_backend


class Peer:
    """The default parts, which are the tutorial's."""

    @classmethod
    def check(cls, precision: str, backend: str) -> None:
        """Nothing: the kit refuses what it is built with."""

    def __init__(self, job: Job) -> None:
        options = {"learning_rate": LEARNING_RATE}
        if job.precision != "float32":
            options["precision"] = job.precision
        try:
            config = TrainConfig.checked(options)
            select_backend(job.backend)
            from vaekit.benchmark.subject import Subject
            from vaekit.types import Dataset, Images

            data = Dataset("images", Images(job.images), Images(job.images[:64]))
            subject = Subject(config, [job.batch_size], data)
        except UserError as reason:
            raise Refused(str(reason)) from reason
        self._vae = subject.program.vae
        self._vae.posterior.set_weights(half(job.weights, "encoder"))
        self._vae.decoder.set_weights(half(job.weights, "decoder"))
        self._steps = subject.training(job.batch_size)

    @property
    def parameters(self) -> tuple[int, int]:
        both = (self._vae.posterior, self._vae.decoder)
        trained = [weight for net in both for weight in net.trainable_weights]
        return sum(net.count_params() for net in both), sum(map(_size, trained))

    def steps(self, count: int) -> Done:
        began = time.perf_counter()
        loss = self._steps(count)
        return Done(time.perf_counter() - began, loss)


def _size(weight: Any) -> int:
    return math.prod(weight.shape)
