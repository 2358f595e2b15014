"""A model run over arrays of any length, at constant memory."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np

from vaekit.startup import refuse_fork
from vaekit.startup.quiet import retracing_unsaid
from vaekit.types import Pixels

_CHUNK = 256


def in_chunks(model: keras.Model, inputs: Pixels) -> Iterator[list[np.ndarray]]:
    """The outputs of a model, a chunk at a time; chunks of one size are compiled once.

    Raises `UserError` in a process that was forked from one in which Keras had started.
    """
    refuse_fork()
    for start in range(0, len(inputs), _CHUNK):
        chunk = inputs[start : start + _CHUNK]
        if chunk.dtype == np.uint8:
            chunk = chunk.astype("float32") / np.float32(255)
        kept = len(chunk)
        if kept < _CHUNK < len(inputs):
            chunk = np.concatenate([chunk, np.repeat(chunk[-1:], _CHUNK - kept, axis=0)])
        with retracing_unsaid():
            outputs = model.predict_on_batch(chunk)
        outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
        yield [np.asarray(output)[:kept] for output in outputs]
