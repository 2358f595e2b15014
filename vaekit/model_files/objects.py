"""The functions and small objects that a layer's config may name, and how each is made.

Everything is looked up in these tables; nothing is imported by a name from a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from vaekit.model_files.checks import (
    Check,
    SpecError,
    either,
    listed,
    mapping,
    number,
    one_of,
    optional,
    quoted,
    whole,
)

_Table = Mapping[str, Mapping[str, Check]]  # class name -> argument -> check

_ACTIVATIONS = (
    *("linear", "relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "mish"),
    *("sigmoid", "hard_sigmoid", "hard_silu", "log_sigmoid", "tanh", "softplus", "softsign"),
    *("softmax", "log_softmax", "exponential", "swish", "hard_swish"),
)
_SEED = {"seed": optional(whole(0, 2**32 - 1))}
_FANS = {"input_axes": one_of(None), "output_axes": one_of(None)}
_FAN_IN = _SEED | _FANS
_SPREAD = {"mean": number(), "stddev": number(0)}
_SCALED = {
    "scale": number(0),
    "mode": one_of("fan_in", "fan_out", "fan_avg"),
    "distribution": one_of("normal", "uniform", "truncated_normal", "untruncated_normal"),
}
_INITIALIZERS: _Table = {
    "Zeros": {},
    "Ones": {},
    "Constant": {"value": number()},
    "Identity": {"gain": number()},
    "Orthogonal": _SEED | {"gain": number()},
    "RandomNormal": _SEED | _SPREAD,
    "TruncatedNormal": _SEED | _SPREAD,
    "RandomUniform": _SEED | {"minval": number(), "maxval": number()},
    "VarianceScaling": _FAN_IN | _SCALED,
    "GlorotUniform": _FAN_IN,
    "GlorotNormal": _FAN_IN,
    "HeUniform": _FAN_IN,
    "HeNormal": _FAN_IN,
    "LecunUniform": _FAN_IN,
    "LecunNormal": _FAN_IN,
}
_REGULARIZERS: _Table = {
    "L1": {"l1": number()},
    "L2": {"l2": number()},
    "L1L2": {"l1": number(), "l2": number()},
}
_AXES = {"axis": either(whole(0, 7), listed(whole(0, 7), 1, 8))}
_CONSTRAINTS: _Table = {
    "NonNeg": {},
    "UnitNorm": _AXES,
    "MaxNorm": {"max_value": number(0)} | _AXES,
    "MinMaxNorm": {"min_value": number(0), "max_value": number(0), "rate": number(0, 1)} | _AXES,
}
_ACTIVATION_LAYERS: _Table = {
    "LeakyReLU": {"negative_slope": number(), "alpha": number()},
    "ReLU": {
        "max_value": optional(number(0)),
        "negative_slope": number(0),
        "threshold": number(0),
    },
    "ELU": {"alpha": number()},
}
_POLICIES = ("float32", "float64", "float16", "mixed_float16", "mixed_bfloat16")
_WHOLE_TYPES = ("uint8", "uint16", "uint32")
_KEYS = {"module", "class_name", "config", "registered_name", "shared_object_id"}


def activation(value: Any) -> Any:
    """A function of `keras.activations` by its name, or an activation layer without weights."""
    if value is None:
        value = "linear"
    if isinstance(value, dict) and value.get("class_name") in ("function", "builtin_function"):
        value = mapping(value, _KEYS).get("config")  # how Keras writes the name of a function
    if isinstance(value, dict):
        class_name, arguments = _looked_up(value, "activation", "keras.layers", _ACTIVATION_LAYERS)
        if class_name == "LeakyReLU" and "alpha" in arguments:
            arguments["negative_slope"] = arguments.pop("alpha")  # Keras 2's name
        return getattr(keras.layers, class_name)(**arguments)
    if not isinstance(value, str) or value not in _ACTIVATIONS:
        raise SpecError(f"the activation {quoted(value)}")
    return getattr(keras.activations, value)


def initializer(value: Any) -> Any:
    """An initializer of Keras's own; weights come from the file, but training anew needs it."""
    class_name, arguments = _looked_up(value, "initializer", "keras.initializers", _INITIALIZERS)
    arguments = {name: value for name, value in arguments.items() if name not in _FANS}
    return getattr(keras.initializers, class_name)(**arguments)


def regularizer(value: Any) -> Any:
    """A regularizer of Keras's own, or None."""
    if value is None:
        return None
    class_name, arguments = _looked_up(value, "regularizer", "keras.regularizers", _REGULARIZERS)
    return getattr(keras.regularizers, class_name)(**arguments)


def constraint(value: Any) -> Any:
    """A constraint of Keras's own, or None."""
    if value is None:
        return None
    class_name, arguments = _looked_up(value, "constraint", "keras.constraints", _CONSTRAINTS)
    return getattr(keras.constraints, class_name)(**arguments)


def policy(value: Any) -> str:
    """A layer's dtype: the name of a type, or of a mixed policy."""
    return str(one_of(*_POLICIES)(_policy_name(value)))


def policy_or_whole(value: Any) -> str:
    """The same of a layer that may give whole numbers, as those of codes."""
    return str(one_of(*_POLICIES, *_WHOLE_TYPES)(_policy_name(value)))


def _policy_name(value: Any) -> Any:
    if isinstance(value, dict):
        if value.get("class_name") not in ("DTypePolicy", "Policy"):
            raise SpecError(f"the dtype policy {quoted(value.get('class_name'))}")
        value = mapping(mapping(value, _KEYS).get("config"), {"name"}).get("name")
    return value


def _looked_up(value: Any, what: str, module: str, table: _Table) -> tuple[str, dict[str, Any]]:
    """The class that a text or a mapping names, and its checked arguments."""
    if isinstance(value, str):
        value = {"class_name": value, "config": {}}
    value = mapping(value, _KEYS)
    spelling = value.get("class_name")
    classes = {name.lower(): name for name in table}
    class_name = None
    if isinstance(spelling, str):
        class_name = classes.get(spelling.replace("_", "").lower())
    if (
        class_name is None
        or value.get("module") not in (None, module)
        or value.get("registered_name") not in (None, class_name)
    ):
        raise SpecError(f"the {what} {quoted(spelling)}")
    checks = table[class_name]
    config = dict(mapping(value.get("config") or {}, {*checks, "name", "trainable", "dtype"}))
    for common in ("name", "trainable", "dtype"):
        config.pop(common, None)
    try:
        return class_name, {name: checks[name](v) for name, v in config.items()}
    except SpecError as error:
        raise SpecError(f"the {what} {class_name} with {error}") from None
