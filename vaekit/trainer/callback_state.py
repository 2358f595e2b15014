"""What Keras callbacks remember, as plain values and arrays, and the way back into them."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, NamedTuple

import keras
import numpy as np

_ARRAY = "__array__"
_SET_ANEW = ("params", "_model")
# Keras's callbacks choose one when they first see a result, and turn a sign at that moment: whether
# they have is a part of their state.
_COMPARISONS = {
    f"{module.__name__}.{name}": getattr(module, name)
    for module in (keras.ops, np)
    for name in ("less", "greater")
}
# What a callback was given or finds anew; none of it is what it learnt while training.
_NOT_STATE = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.ModuleType,
    np.ufunc,
    type,
    PathLike,
    keras.Model,
    keras.optimizers.Optimizer,
)


class Remembered(NamedTuple):
    """The state of several callbacks.

    values: a dict a callback: its class's name and its attributes. arrays: those that the values
    refer to by number. left_out: the attributes that can't be saved, as `Class.name`.
    """

    values: list[dict[str, Any]]
    arrays: list[np.ndarray]
    left_out: list[str]


def capture(callbacks: Sequence[keras.callbacks.Callback]) -> Remembered:
    """What callbacks remember now; later changes don't reach it."""
    remembered = Remembered([], [], [])
    for callback in callbacks:
        attributes = {}
        for name, value in vars(callback).items():
            if name in _SET_ANEW or (isinstance(value, _NOT_STATE) and not _compares(value)):
                continue
            try:
                attributes[name] = _packed(value, remembered.arrays)
            except TypeError:
                remembered.left_out.append(f"{type(callback).__name__}.{name}")
        remembered.values.append({"class": type(callback).__name__, "attributes": attributes})
    return remembered


def restore(
    callbacks: Sequence[keras.callbacks.Callback],
    values: Sequence[Mapping[str, Any]],
    arrays: Sequence[np.ndarray],
) -> list[str]:
    """Give callbacks what those of their classes remembered; the classes that are missing."""
    unclaimed = list(values)
    for callback in callbacks:
        state = next((v for v in unclaimed if v["class"] == type(callback).__name__), None)
        if state is not None:
            unclaimed.remove(state)
            for name, value in state["attributes"].items():
                setattr(callback, name, _unpacked(value, arrays))
    return [value["class"] for value in unclaimed]


def _compares(value: Any) -> bool:
    return any(value is comparison for comparison in _COMPARISONS.values())


def _packed(value: Any, arrays: list[np.ndarray]) -> Any:
    """A value as JSON holds it, its arrays put aside. Raises `TypeError` for any other."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, np.ndarray | np.generic) and not value.dtype.hasobject:
        arrays.append(np.array(value))
        return {_ARRAY: len(arrays) - 1, "scalar": isinstance(value, np.generic)}
    if _compares(value):
        return {"comparison": next(n for n, c in _COMPARISONS.items() if c is value)}
    if type(value) in (list, tuple):
        return {type(value).__name__: [_packed(item, arrays) for item in value]}
    if type(value) is dict and all(type(key) is str for key in value):
        return {"dict": {key: _packed(item, arrays) for key, item in value.items()}}
    raise TypeError


def _unpacked(value: Any, arrays: Sequence[np.ndarray]) -> Any:
    if not isinstance(value, dict):
        return value
    if _ARRAY in value:
        array = arrays[value[_ARRAY]].copy()
        return array[()] if value["scalar"] else array
    if "comparison" in value:
        return _COMPARISONS[value["comparison"]]
    if "dict" in value:
        return {key: _unpacked(item, arrays) for key, item in value["dict"].items()}
    kind = list if "list" in value else tuple
    return kind(_unpacked(item, arrays) for item in value[kind.__name__])
