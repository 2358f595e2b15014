"""How many weights a layer has, from its arguments and the shape of its input.

They are counted before a layer is built, so that a config can't make Keras allocate what the file
doesn't hold.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

Shape = tuple[int | None, ...]
Arguments = Mapping[str, Any]
Count = Callable[[Arguments, Shape], int]


def _channels(arguments: Arguments, shape: Shape) -> int:
    """The channels of images of this shape."""
    side = shape[1 if arguments.get("data_format") == "channels_first" else -1]
    assert side is not None
    return side


def _area(arguments: Arguments) -> int:
    size = arguments["kernel_size"]
    return math.prod(size) if isinstance(size, tuple) else size**2


def _bias(arguments: Arguments, units: int) -> int:
    return units if arguments.get("use_bias", True) else 0


def dense(arguments: Arguments, shape: Shape) -> int:
    """A kernel between all inputs and all units, and a bias."""
    units = arguments["units"]
    return (shape[-1] or 0) * units + _bias(arguments, units)


def embedding(arguments: Arguments, shape: Shape) -> int:
    """A row for each class."""
    return int(arguments["input_dim"] * arguments["output_dim"])


def convolution(arguments: Arguments, shape: Shape) -> int:
    """A kernel between the channels of each group, and a bias."""
    filters, groups = arguments["filters"], arguments.get("groups", 1)
    into = _channels(arguments, shape) // groups
    return _area(arguments) * into * filters + _bias(arguments, filters)


def depthwise(arguments: Arguments, shape: Shape) -> int:
    """A kernel for each channel, and a bias."""
    out = _channels(arguments, shape) * arguments.get("depth_multiplier", 1)
    return _area(arguments) * out + _bias(arguments, out)


def separable(arguments: Arguments, shape: Shape) -> int:
    """A depthwise kernel, one of a pixel between channels, and a bias."""
    out = _channels(arguments, shape) * arguments.get("depth_multiplier", 1)
    filters = arguments["filters"]
    return _area(arguments) * out + out * filters + _bias(arguments, filters)


def _sizes(shape: Shape, axes: Any) -> int:
    sides = (shape[axis] for axis in (axes if isinstance(axes, tuple) else (axes,)))
    return math.prod(side or 1 for side in sides)


def normalised(moving: int) -> Count:
    """A scale and a shift along the axes, and so many moving averages."""

    def count(arguments: Arguments, shape: Shape) -> int:
        kinds = arguments.get("center", True) + arguments.get("scale", True) + moving
        return int(kinds * _sizes(shape, arguments.get("axis", -1)))

    return count


def slopes(arguments: Arguments, shape: Shape) -> int:
    """A slope for each value that shares none."""
    shared = arguments.get("shared_axes") or ()
    return math.prod(side or 1 for at, side in enumerate(shape[1:], 1) if at not in shared)
