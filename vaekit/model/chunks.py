"""A model run over arrays of any length, at constant memory."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np

from vaekit.pixels import as_floats
from vaekit.types import Pixels

_CHUNK = 256


def in_chunks(model: keras.Model, inputs: Pixels) -> Iterator[list[np.ndarray]]:
    """The outputs of a model, a chunk at a time; chunks of one size are compiled once."""
    for start in range(0, len(inputs), _CHUNK):
        chunk = as_floats(inputs[start : start + _CHUNK])
        kept = len(chunk)
        if kept < _CHUNK < len(inputs):
            chunk = np.concatenate([chunk, np.repeat(chunk[-1:], _CHUNK - kept, axis=0)])
        outputs = model.predict_on_batch(chunk)
        outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
        yield [np.asarray(output)[:kept] for output in outputs]
