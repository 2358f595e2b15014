"""Models run over arrays of any length, at constant memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from vaekit.kernels import ActiveKernels
from vaekit.model.prediction import predict_on_batch
from vaekit.pixels import as_floats
from vaekit.startup import refuse_fork
from vaekit.types import Pixels

_CHUNK = 256


def run_model(
    model: keras.Model,
    values: Pixels,
    labels: np.ndarray | None = None,
    kernels: ActiveKernels | None = None,
) -> list[np.ndarray]:
    """The outputs of a model on `values` `(N, ...)`, each `(N, ...)`, float32 or whole numbers.

    values: images as a `Dataset` holds them, or latents. labels: `(N,)`, for a model that takes
        them as its second input. kernels: what it runs by; None is Keras's own arithmetic.
    """
    chunks = in_chunks(model, values, labels, kernels)
    return [np.concatenate(part) for part in zip(*chunks, strict=True)]


def in_chunks(
    model: keras.Model,
    values: Pixels,
    labels: np.ndarray | None = None,
    kernels: ActiveKernels | None = None,
) -> Iterator[list[np.ndarray]]:
    """The outputs of a model, a chunk at a time; chunks of one size are compiled once."""
    refuse_fork()
    for start in range(0, len(values), _CHUNK):
        chunk = [as_floats(values[start : start + _CHUNK])]
        if labels is not None:
            chunk.append(np.asarray(labels[start : start + _CHUNK], "int32")[:, None])
        length = len(chunk[0])
        if length < _CHUNK < len(values):
            fill = _CHUNK - length
            chunk = [np.concatenate([p, np.repeat(p[-1:], fill, axis=0)]) for p in chunk]
        given = chunk if labels is not None else chunk[0]
        outputs = predict_on_batch(model, given, kernels)
        outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
        pairs = zip(outputs, model.outputs, strict=True)
        yield [_as_declared(np.asarray(output)[:length], of) for output, of in pairs]


def _as_declared(values: np.ndarray, output: Any) -> np.ndarray:
    """Whole numbers in the type of a model's output: torch has none of 16 bits without a sign."""
    if values.dtype.kind not in "iu":
        return values
    return values.astype(keras.backend.standardize_dtype(output.dtype), copy=False)
