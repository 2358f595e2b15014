"""States of a run for tests of checkpoints, down to the awkward bits."""

from __future__ import annotations

import math

import keras
import numpy as np

from vaekit.checkpoint import (
    Position,
    State,
    save_checkpoint,
    snapshot,
)

AWKWARD = [0.0, -0.0, 1e-42, -1e-42, 3.4e38, math.inf, -math.inf, math.nan, 1 / 3]


def variables(seed=0):
    """A matrix, awkward floats, a scalar counter and a seed's state."""
    matrix = np.random.default_rng(seed).normal(size=(4, 3)).astype("float32")
    awkward = np.asarray(AWKWARD, "float32") if seed == 0 else np.ones(len(AWKWARD), "float32")
    return [
        keras.Variable(matrix, name="kernel"),
        keras.Variable(awkward, name="awkward"),
        keras.Variable(np.int32(7 + seed), dtype="int32", trainable=False, name="iterations"),
        keras.random.SeedGenerator(2**31 - 2 - seed).state,
    ]


def arrays(of):
    return [np.array(variable.numpy()) for variable in of]


def bits(of):
    return [(a.dtype, a.shape, a.tobytes()) for a in arrays(of)]


def state(steps=3, of=None, **more):
    return State(
        Position(1, 2, steps, 64, [0.5, 1.5]), snapshot(variables() if of is None else of), **more
    )


def saved(run, steps=3, **more):
    """A checkpoint in a run directory's own folder."""
    folder = run / "checkpoints"
    folder.mkdir(exist_ok=True)
    return save_checkpoint(folder, state(steps), **more)


def names(folder):
    return sorted(path.name for path in folder.iterdir())
