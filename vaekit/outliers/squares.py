"""Sums over the values of an image by stock Keras layers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from keras import layers

from vaekit.stock_layers import fixed_dense, flattened


def sum_of_squares(values: Any, name: str) -> Any:
    """The sum of the squares of values `(B, ...)`, `(B, 1)`."""
    return sum_of(layers.Multiply(name=f"{name}_squares")([values, values]), name)


def mean_square(values: Any, name: str) -> Any:
    """The mean of the squares of values `(B, ...)`, `(B, 1)`."""
    size = math.prod(values.shape[1:])
    return layers.Rescaling(1.0 / size, name=f"{name}_scaled")(sum_of_squares(values, name))


def sum_of(values: Any, name: str) -> Any:
    """The sum of values `(B, ...)`, `(B, 1)`."""
    flat = flattened(values, f"{name}_values")
    return fixed_dense(flat, np.ones((flat.shape[-1], 1)), name)
