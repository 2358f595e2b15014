"""Steps by Keras's `fit`, timed from within."""

from __future__ import annotations

import time
from typing import Any

import keras
import numpy as np

from peers.interface import Done, Job


class Fit:
    """A compiled model with `encoder` and `decoder`, and images as floats."""

    @classmethod
    def check(cls, precision: str, backend: str) -> None:
        """Whatever Keras does, this does."""

    def __init__(self, model: keras.Model, job: Job) -> None:
        self._model = model
        self._images = job.images.astype("float32") / 255
        self._batch_size = job.batch_size

    @property
    def parameters(self) -> tuple[int, int]:
        nets = (self._model.encoder, self._model.decoder)
        trained = [weight for net in nets for weight in net.trainable_weights]
        return sum(net.count_params() for net in nets), sum(int(np.prod(w.shape)) for w in trained)

    def some(self, steps: int) -> np.ndarray:
        """Images for so many steps."""
        return self._images[: steps * self._batch_size]

    def fitted(self, *data: np.ndarray) -> Done:
        """One epoch over `data`: the loss is the epoch's average."""
        watch = _Watch(len(data[0]) // self._batch_size)
        self._model.fit(*data, batch_size=self._batch_size, epochs=1, verbose=0, callbacks=[watch])
        return Done(watch.seconds, watch.loss)


class _Watch(keras.callbacks.Callback):
    """Times an epoch from its begin to its last batch's numbers.

    So neither `fit`'s setting up counts nor its wait at the end, both of which a short epoch
    would show out of proportion.
    """

    async_safe = True  # else Keras would wait for the device after every step

    def __init__(self, steps: int) -> None:
        super().__init__()
        self._last = steps - 1

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._began = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if batch == self._last:
            self.loss = float(logs["loss"])
            self.seconds = time.perf_counter() - self._began
