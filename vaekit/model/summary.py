"""What a backbone is made of: its layers, the shapes between them, its parameters."""

from __future__ import annotations

import math
from typing import NamedTuple

import keras


class LayerSummary(NamedTuple):
    """One layer. `shape` is that of its output, without the batch."""

    name: str
    type: str
    shape: tuple[int, ...]
    parameters: int


class BackboneSummary(NamedTuple):
    """One backbone, its layers in the order of the data. Shapes are without the batch."""

    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    parameters: int
    trainable_parameters: int
    layers: list[LayerSummary]


def summarise(model: keras.Model) -> BackboneSummary:
    """The summary of a functional model with one input and one output."""
    return BackboneSummary(
        tuple(model.inputs[0].shape[1:]),
        tuple(model.outputs[0].shape[1:]),
        model.count_params(),
        sum(math.prod(weight.shape) for weight in model.trainable_variables),
        [
            LayerSummary(layer.name, type(layer).__name__, _shape(layer), layer.count_params())
            for layer in model.layers
            if not isinstance(layer, keras.layers.InputLayer)
        ],
    )


def _shape(layer: keras.layers.Layer) -> tuple[int, ...]:
    first, *_ = keras.tree.flatten(layer.output)  # a layer may give several
    return tuple(first.shape[1:])


def layers_within(layer: keras.Layer) -> list[keras.Layer]:
    """The layers that a layer or a model holds, at any depth, each once.

    Keras tracks a layer within a layer by the attribute that holds it, be it in a list or a dict.
    """
    inner: dict[int, keras.Layer] = {}
    waiting = [layer]
    while waiting:
        for value in keras.tree.flatten(list(vars(waiting.pop()).values())):
            if isinstance(value, keras.Layer) and value is not layer and id(value) not in inner:
                inner[id(value)] = value
                waiting.append(value)
    return list(inner.values())
