"""Whether a loss sets the images of a batch against each other, found by trying."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from vaekit.engine.program import Batch, Program

_IMAGES = 8  # so many that a random order of them leaves hardly any half to itself


def sets_images_against_each_other(program: Program) -> bool:
    """Whether what a loss gives of an image changes with the others of its batch.

    So do a total correlation that is estimated over a batch, distances between samples, and a
    likelihood whose variance is the batch's error. Images pass at rest, so batch norm doesn't
    count; what a latent does in training alone isn't seen.
    """
    if getattr(program.needs.likelihood, "follow", None) is not None:
        return True
    images = np.random.default_rng(0).uniform(size=(_IMAGES, *program.vae.image_shape))
    others = images.copy()
    half = _IMAGES // 2
    others[half:] = images[half:][:, ::-1] ** 2
    first, second = (_values(program, batch.astype("float32"))[:half] for batch in (images, others))
    return not np.allclose(first, second, rtol=1e-4, atol=1e-4)


def _values(program: Program, images: np.ndarray) -> np.ndarray:
    """What evaluation gives of each image, by the same draws each time."""
    pixels = ops.convert_to_tensor(images)
    batch: Batch = pixels
    if program.vae.condition is not None:
        batch = pixels, ops.zeros((_IMAGES,), "int32")
    with keras.StatelessScope():
        return np.asarray(ops.convert_to_numpy(ops.stop_gradient(program.score_step(batch))))
