"""Parameters of a flow's steps, made of an image's features by stock layers."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import layers


def unit_vector(vector: Any, dim: int, name: str) -> Any:
    """A direction `(B, dim)`, of length 1, of features `(B, F)`."""
    # Features that are all 0 have a direction, too.
    any_length = layers.Dense(dim, bias_initializer="random_normal", name=f"{name}_any_length")
    return layers.UnitNormalization(name=name)(any_length(vector))


def upper_triangle(vector: Any, dim: int, name: str) -> Any:
    """An upper triangle `(B, dim, dim)` of features `(B, F)`, its diagonal in (-1, 1)."""
    diagonal = np.eye(dim).ravel().tolist()
    above = np.triu(np.ones((dim, dim)), 1).ravel().tolist()
    entries = layers.Dense(dim * dim, name=f"{name}_entries")(vector)
    bounded = layers.Activation("tanh", name=f"{name}_bounded")(entries)
    masked = [
        layers.Rescaling(above, name=f"{name}_above")(entries),
        layers.Rescaling(diagonal, name=f"{name}_diagonal")(bounded),
    ]
    return layers.Reshape((dim, dim), name=name)(layers.Add(name=f"{name}_masked")(masked))
