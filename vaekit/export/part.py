"""A part of a run that can be exported: a Keras model whose inputs and outputs have names."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, NamedTuple

import keras
import numpy as np

from vaekit.errors import UserError


class Measure(Enum):
    """What an output's difference from Keras's is held against."""

    PIXELS = "pixels"  # the range of an image, [0, 1]
    VALUES = "values"  # how large the values are, or how far they spread


class Part(NamedTuple):
    """What is exported of a run under a name.

    model: of stock layers, so that TensorFlow opens it whatever the backend.
    inputs: what each is to be called, in the model's order, and real values of it, `(N, ...)`.
    outputs: what each is to be called, in the model's order, and how it is measured.
    chooses: whether the model chooses among codes, so that rounding may bring a few images to
        others: how many is counted.
    about: what else a reader of the file has to know of it, by name; plain values.
    """

    model: keras.Model
    inputs: Mapping[str, np.ndarray]
    outputs: Mapping[str, Measure]
    chooses: bool = False
    about: Mapping[str, Any] = {}


class AbsentPartError(UserError):
    """A part that a run doesn't have: left out of `all`, refused by its name."""
