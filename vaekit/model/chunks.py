"""Models run over arrays of any length, at constant memory."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np

from vaekit.distributions import Posterior
from vaekit.pixels import as_floats
from vaekit.startup import refuse_fork
from vaekit.startup.quiet import retracing_unsaid
from vaekit.types import Pixels

_CHUNK = 256


def encode(posterior: keras.Model, pixels: Pixels) -> Posterior:
    """q(z|x) of images `(N, H, W, C)` as a `Dataset` holds them, two arrays `(N, latent_dim)`.

    posterior: images -> `z_mean`, `z_log_var`.
    """
    outputs = list(in_chunks(posterior, pixels))
    return Posterior(*(np.concatenate(part) for part in zip(*outputs, strict=True)))


def decode(decoder: keras.Model, z: np.ndarray) -> np.ndarray:
    """Images `(N, H, W, C)`, float32, of latents `(N, latent_dim)`."""
    outputs = in_chunks(decoder, np.asarray(z, "float32"))
    return np.concatenate([images for (images,) in outputs])


def in_chunks(model: keras.Model, inputs: Pixels) -> Iterator[list[np.ndarray]]:
    """The outputs of a model, a chunk at a time; chunks of one size are compiled once."""
    refuse_fork()
    for start in range(0, len(inputs), _CHUNK):
        chunk = as_floats(inputs[start : start + _CHUNK])
        length = len(chunk)
        if length < _CHUNK < len(inputs):
            chunk = np.concatenate([chunk, np.repeat(chunk[-1:], _CHUNK - length, axis=0)])
        with retracing_unsaid():
            outputs = model.predict_on_batch(chunk)
        outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
        yield [np.asarray(output)[:length] for output in outputs]
