"""How the small networks of samplers are trained: Adam, in batches whose order a seed decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import vaekit

BATCH_SIZE = 256


def descend(
    model: keras.Model,
    epoch_inputs: Callable[[np.random.Generator], Sequence[np.ndarray]],
    *,
    epochs: int,
    rate: float,
    seed: int,
) -> None:
    """Train a model that gives the loss of each row of its inputs, `(B,)`, its rate by a cosine.

    epoch_inputs: the inputs of an epoch, each `(N, ...)`, called once for each of them.

    Raises `vaekit.UserError` if the loss becomes NaN or infinite.
    """
    rng = np.random.default_rng(seed)
    inputs = epoch_inputs(rng)
    count = len(inputs[0])
    batch_size = min(BATCH_SIZE, count)
    steps = count // batch_size  # what is over has its turn in another epoch
    curve = keras.optimizers.schedules.CosineDecay(rate, epochs * steps)
    # JAX has no other way to compile; elsewhere XLA takes longer than the whole training.
    jit = keras.backend.backend() == "jax"
    model.compile(keras.optimizers.Adam(curve, clipnorm=1.0), _as_given, jit_compile=jit)
    none = np.zeros(batch_size, "float32")
    for _ in range(epochs):
        order = rng.permutation(count)
        for rows in order[: steps * batch_size].reshape(steps, batch_size):
            batch = [values[rows] for values in inputs]
            loss = model.train_on_batch(batch if len(batch) > 1 else batch[0], none)
            if not np.isfinite(loss):
                raise vaekit.UserError(
                    "The sampler's loss became NaN or infinite: give it a smaller rate."
                )
        inputs = epoch_inputs(rng)


def _as_given(_: Any, losses: Any) -> Any:
    return losses


def state_of(model: keras.Model) -> Mapping[str, np.ndarray]:
    """A model's weights by their numbers."""
    return {f"weights/{n:03d}": value for n, value in enumerate(model.get_weights())}


def restore(model: keras.Model, state: Mapping[str, np.ndarray]) -> None:
    """Give a model the weights that `state_of` gave."""
    weights = [state[name] for name in sorted(state) if name.startswith("weights/")]
    model.set_weights(weights)
