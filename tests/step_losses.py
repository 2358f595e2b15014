"""Losses of some training steps from weights and draws that are the same on every backend.

    KERAS_BACKEND=jax python -m tests.step_losses 20 LOSSES.npy [DATA]

The weights come from NumPy, and so does what stands in for Keras's draws, which differ by backend:
a table that the noise's own counter looks up.
"""

from __future__ import annotations

import sys
from typing import Any

from vaekit.backend import select_backend

select_backend(None)

import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras import ops  # noqa: E402

import vaekit  # noqa: E402
from tests.parts import make_program  # noqa: E402
from vaekit.engine import compile_train, epoch_order  # noqa: E402

BATCH_SIZE, LATENTS = 32, 2


def main(steps: int, path: str, data: str = "digits") -> None:
    pixels = vaekit.load_data(data).train.pixels
    program = make_program(pixels.shape[1:], latent_dim=LATENTS)
    random = np.random.default_rng(0)
    for weight in program.vae.trainable_variables:
        if len(weight.shape) > 1:
            spread = np.sqrt(3 / np.prod(weight.shape[:-1]))
            weight.assign(random.uniform(-spread, spread, weight.shape))
    table = random.normal(size=(steps, BATCH_SIZE, LATENTS)).astype("float32")

    def drawn(shape: Any, dtype: Any = None, *, seed: keras.random.SeedGenerator) -> Any:
        return ops.take(ops.convert_to_tensor(table), seed.next()[1], axis=0)

    keras.random.normal = drawn
    train = compile_train(program, pixels)
    order = epoch_order(0, 0, len(pixels))[: steps * BATCH_SIZE]
    rows = train(order.reshape(steps, BATCH_SIZE))
    np.save(path, rows[:, program.columns.names.index("loss")] / BATCH_SIZE)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
