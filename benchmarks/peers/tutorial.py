"""The repaired tutorial: a `keras.Model` and its `fit`."""

from __future__ import annotations

import keras
from repaired_tutorial import compiled

from peers.interface import Done, Job
from peers.keras_fit import Fit
from peers.nets import half


class Peer(Fit):
    """`fit` on images that are their own targets."""

    def __init__(self, job: Job) -> None:
        keras.config.set_dtype_policy(job.precision)
        model = compiled(seed=0)
        model.encoder.set_weights(half(job.weights, "encoder"))
        model.decoder.set_weights(half(job.weights, "decoder"))
        super().__init__(model, job)

    def steps(self, count: int) -> Done:
        images = self.some(count)
        return self.fitted(images, images)
