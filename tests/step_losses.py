"""Losses of some training steps from weights and draws that are the same on every backend.

    KERAS_BACKEND=jax python -m tests.step_losses 20 LOSSES.npy [--data DATA] [--smooth]

The weights come from NumPy, and so does what stands in for Keras's draws, which differ by backend:
a table that the noise's own counter looks up.
"""

from __future__ import annotations

import argparse
from typing import Any

from vaekit.startup import select_backend

select_backend(None)

import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras import ops  # noqa: E402

import vaekit  # noqa: E402
from tests.parts import make_program  # noqa: E402
from vaekit.engine import compile_train, epoch_order  # noqa: E402

LATENTS = 2
LARGE = "large-digits"


def main(steps: int, path: str, data: str, batch_size: int, seed: int, kernels: str) -> None:
    pixels = large_digits() if data == LARGE else vaekit.load_data(data).train.pixels
    program = make_program(
        pixels.shape[1:], encoder="conv5", decoder="deconv4", latent_dim=LATENTS, kernels=kernels
    )
    random = np.random.default_rng(seed)
    for weight in program.vae.trainable_variables:
        if len(weight.shape) > 1:
            spread = np.sqrt(3 / np.prod(weight.shape[:-1]))
            weight.assign(random.uniform(-spread, spread, weight.shape))
    table = random.normal(size=(steps, batch_size, LATENTS)).astype("float32")

    def drawn(shape: Any, dtype: Any = None, *, seed: keras.random.SeedGenerator) -> Any:
        return ops.take(ops.convert_to_tensor(table), seed.next()[1], axis=0)

    keras.random.normal = drawn
    train = compile_train(program, pixels)
    order = np.resize(epoch_order(0, 0, len(pixels)), (steps, batch_size))
    rows = train(order)
    np.save(path, rows[:, program.columns.names.index("loss")] / batch_size)


def large_digits() -> np.ndarray:
    """The 8x8 digits at MNIST's size, on a margin as black as MNIST's: `(N, 28, 28, 1)`."""
    small = vaekit.load_data("digits").train.pixels
    large = small.repeat(3, axis=1).repeat(3, axis=2)
    return np.pad(large, ((0, 0), (2, 2), (2, 2), (0, 0)))


def without_kink(layer: keras.layers.LeakyReLU, inputs: Any) -> Any:
    """A leaky ReLU that turns within some 0.1 of zero, not at a point."""
    slope, turn = layer.negative_slope, 10.0
    return slope * inputs + (1 - slope) * ops.softplus(turn * inputs) / turn


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("steps", type=int)
    parser.add_argument("path")
    parser.add_argument("--data", default="digits", help=f"a name, a path or {LARGE}")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0, help="of weights and draws")
    parser.add_argument("--kernels", choices=("fused", "stock"), default="fused")
    parser.add_argument("--smooth", action="store_true", help="leaky ReLU without its kink")
    options = vars(parser.parse_args())
    if options.pop("smooth"):
        keras.layers.LeakyReLU.call = without_kink
    main(**options)
