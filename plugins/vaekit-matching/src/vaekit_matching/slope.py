"""How steep a decoder is in z."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops
from vaekit.autodiff import gradient


def squared_slope(decode: Callable[[Any], Any], z: Any, directions: int, seed: Any) -> Any:
    """|J|_F^2, J being the Jacobian of the decoder at the z of each image, `(B,)`.

    The sum of |J e|^2 over the axes e of z; where z has more axes than `directions`, of so many
    that are drawn for each image, times the share that they are of all: an unbiased estimate.

    decode: z `(K, B, D)` -> images `(K, B, H, W, C)`, each of its own z alone.
    z: `(B, D)`.
    seed: a `keras.random.SeedGenerator`.
    """
    size = z.shape[-1]
    count = min(directions, size)
    order = ops.argsort(keras.random.uniform(ops.shape(z), seed=seed), axis=-1)
    axes = ops.one_hot(ops.transpose(order[:, :count]), size, dtype="float32")
    moved = directional_derivative(decode, ops.broadcast_to(z, ops.shape(axes)), axes)
    return ops.sum(ops.square(moved), axis=(0, -3, -2, -1)) * (size / count)


def directional_derivative(f: Callable[[Any], Any], z: Any, direction: Any) -> Any:
    """J(z) v for each z and its direction v, in the shape of `f(z)`.

    The slope of u -> <J' u, v>, which is linear in u, so that backward passes alone are needed.
    """

    def pulled_back(u: Any) -> Any:
        return gradient(lambda at: f(at) * u, z) * direction

    return gradient(pulled_back, ops.zeros_like(f(z)))
