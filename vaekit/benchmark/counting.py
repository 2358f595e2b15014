"""The arithmetic and the traffic of a net, counted from its layers' shapes."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import keras
from keras import layers

from vaekit.kernels.replaced import watched_calls
from vaekit.model.summary import layers_within

_CONVOLUTIONS = (layers.Conv1D, layers.Conv2D, layers.Conv3D)
_DEPTHWISE = (layers.DepthwiseConv1D, layers.DepthwiseConv2D)
_SEPARABLE = (layers.SeparableConv1D, layers.SeparableConv2D)
_TRANSPOSED = (layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose)


class Count(NamedTuple):
    """What one image costs on its way forward through a net.

    multiply_adds: of dense and convolutional layers; the rest is small beside them.
    values: numbers that such layers give, which the next ones read.
    weights: numbers of all weights, whatever the count of images.
    uncounted: layers with matrices whose arithmetic isn't known here, by name.
    """

    multiply_adds: int
    values: int
    weights: int
    uncounted: tuple[str, ...]

    def __add__(self, other: Any) -> Count:
        return Count(
            self.multiply_adds + other.multiply_adds,
            self.values + other.values,
            self.weights + other.weights,
            self.uncounted + other.uncounted,
        )


def count_work(model: keras.Model) -> Count:
    """Count a built model by watching its layers while zeros for one image pass."""
    multiply_adds, values = 0, 0
    uncounted: dict[str, None] = {}

    def count_call(layer: Any, inputs: tuple[int, ...], outputs: tuple[int, ...]) -> None:
        nonlocal multiply_adds, values
        work = _multiply_adds(layer, inputs, outputs)
        if work is None:
            uncounted[layer.name] = None
        elif work:
            multiply_adds += work
            values += math.prod(outputs[1:])

    with watched_calls(count_call), keras.StatelessScope():
        zeros = [keras.ops.zeros((1, *i.shape[1:]), i.dtype) for i in model.inputs]
        model(zeros if len(zeros) > 1 else zeros[0], training=False)
    weights = sum(math.prod(weight.shape) for weight in model.weights)
    return Count(multiply_adds, values, weights, tuple(uncounted))


def _multiply_adds(layer: Any, inputs: tuple[int, ...], outputs: tuple[int, ...]) -> int | None:
    """Of one call of a layer on one image; 0 for a layer without matrices, None if unknown."""
    if isinstance(layer, layers.Dense):
        return math.prod(inputs[1:-1]) * math.prod(layer.kernel.shape)
    if isinstance(layer, _TRANSPOSED):  # every input position meets the whole kernel
        return math.prod(_positions(layer, inputs)) * math.prod(layer.kernel.shape)
    if isinstance(layer, _SEPARABLE):
        kernels = math.prod(layer.depthwise_kernel.shape) + math.prod(layer.pointwise_kernel.shape)
        return math.prod(_positions(layer, outputs)) * kernels
    if isinstance(layer, _CONVOLUTIONS + _DEPTHWISE):  # every output position does
        return math.prod(_positions(layer, outputs)) * math.prod(layer.kernel.shape)
    # Those of the layers in it are counted when these are called.
    inner = {id(weight) for sublayer in layers_within(layer) for weight in sublayer.weights}
    own = [w for w in layer.weights if id(w) not in inner and len(w.shape) > 1]
    return None if own else 0


def _positions(layer: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[1:-1] if layer.data_format == "channels_last" else shape[2:]
