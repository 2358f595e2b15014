"""The layers that a model of a stranger's may hold, and their arguments.

A layer that isn't in `LAYERS` is refused. So is an argument that isn't listed for it, or a value
that its check doesn't take.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import keras

from vaekit.model_files import weight_counts
from vaekit.model_files.checks import (
    Check,
    SpecError,
    boolean,
    either,
    listed,
    name,
    number,
    one_of,
    optional,
    pair,
    quoted,
    rising,
    whole,
)
from vaekit.model_files.objects import (
    activation,
    constraint,
    initializer,
    policy,
    policy_or_whole,
    regularizer,
)
from vaekit.model_files.weight_counts import Arguments, Count, Shape


class LayerRules(NamedTuple):
    """What is known of a layer class.

    arguments: a check for each that its constructor is given.
    idle: arguments that some versions of Keras write, and the values that change nothing.
    weights: how many weights it has, of its arguments and its input's shape.
    merges: whether it takes a list of tensors.
    """

    arguments: Mapping[str, Check]
    idle: Mapping[str, Check] = {}
    weights: Count = lambda arguments, shape: 0
    merges: bool = False


def _trained(*names: str) -> dict[str, Check]:
    """Initializer, regularizer and constraint of each weight."""
    return {
        f"{of}_{what}": check
        for of in names
        for what, check in (
            ("initializer", initializer),
            ("regularizer", regularizer),
            ("constraint", constraint),
        )
    }


_AXIS = whole(-6, 6)
_SIDE = pair(1, 1024)
_PADDING = one_of("valid", "same")
_FORMAT: dict[str, Check] = {"data_format": one_of("channels_last", "channels_first")}
_SEED: dict[str, Check] = {"seed": optional(whole(0, 2**32 - 1))}
_RATE = number(0, 1)
_FACTORS = either(number(), listed(number(), 1, 2**20))
_EPSILON = number(0, 1)
_BORDER = either(whole(0, 4096), listed(pair(0, 4096), 2, 2))
_ACTIVE: dict[str, Check] = {"activation": activation, "activity_regularizer": regularizer}
_CONVOLUTION: dict[str, Check] = {
    "kernel_size": _SIDE,
    "strides": _SIDE,
    "padding": _PADDING,
    "dilation_rate": _SIDE,
    "use_bias": boolean,
    **_FORMAT,
    **_ACTIVE,
}
_GROUPS = whole(1, 2**16)
_POOL: dict[str, Check] = {
    "pool_size": _SIDE,
    "strides": optional(_SIDE),
    "padding": _PADDING,
    **_FORMAT,
}
_SCALED_AND_SHIFTED: dict[str, Check] = {
    "epsilon": _EPSILON,
    "center": boolean,
    "scale": boolean,
    **_trained("beta", "gamma"),
}


def _axis(value: Any) -> int:
    """An axis; Keras 2 writes a list of one."""
    return either(_AXIS, lambda v: listed(_AXIS, 1, 1)(v)[0])(value)


_MERGE = LayerRules({}, merges=True)
LAYERS: Mapping[str, LayerRules] = {
    "Dense": LayerRules(
        {"units": whole(1), "use_bias": boolean, **_ACTIVE, **_trained("kernel", "bias")},
        {
            "lora_rank": one_of(None),
            "lora_alpha": one_of(None),
            "quantization_config": one_of(None),
        },
        weight_counts.dense,
    ),
    "Conv2D": LayerRules(
        {"filters": whole(1), "groups": _GROUPS, **_CONVOLUTION, **_trained("kernel", "bias")},
        weights=weight_counts.convolution,
    ),
    "Conv2DTranspose": LayerRules(
        {
            "filters": whole(1),
            "output_padding": optional(pair(0, 1024)),
            **_CONVOLUTION,
            **_trained("kernel", "bias"),
        },
        {"groups": one_of(1)},
        weight_counts.convolution,
    ),
    "DepthwiseConv2D": LayerRules(
        {"depth_multiplier": whole(1), **_CONVOLUTION, **_trained("depthwise", "bias")},
        {
            "groups": one_of(1),
            "filters": one_of(None),
            "kernel_initializer": initializer,
            "kernel_regularizer": one_of(None),
            "kernel_constraint": one_of(None),
        },
        weight_counts.depthwise,
    ),
    "SeparableConv2D": LayerRules(
        {
            "filters": whole(1),
            "depth_multiplier": whole(1),
            **_CONVOLUTION,
            **_trained("depthwise", "pointwise", "bias"),
        },
        {
            "groups": one_of(1),
            "kernel_initializer": initializer,
            "kernel_regularizer": one_of(None),
            "kernel_constraint": one_of(None),
        },
        weight_counts.separable,
    ),
    "BatchNormalization": LayerRules(
        {
            "axis": _axis,
            "momentum": _RATE,
            **_SCALED_AND_SHIFTED,
            "moving_mean_initializer": initializer,
            "moving_variance_initializer": initializer,
        },
        {
            "synchronized": one_of(False),
            "renorm": one_of(False),
            "renorm_clipping": one_of(None),
            "renorm_momentum": number(0, 1),
        },
        weight_counts.normalised(moving=2),
    ),
    "LayerNormalization": LayerRules(
        {"axis": either(_AXIS, listed(_AXIS, 1, 5)), **_SCALED_AND_SHIFTED},
        {"rms_scaling": one_of(False)},
        weight_counts.normalised(moving=0),
    ),
    "GroupNormalization": LayerRules(
        {"groups": whole(-1, 2**16), "axis": _axis, **_SCALED_AND_SHIFTED},
        weights=weight_counts.normalised(moving=0),
    ),
    "UnitNormalization": LayerRules({"axis": either(_AXIS, listed(_AXIS, 1, 5))}),
    "Activation": LayerRules({"activation": activation}),
    "LeakyReLU": LayerRules({"negative_slope": number()}),
    "ReLU": LayerRules(
        {
            "max_value": optional(number(0)),
            "negative_slope": number(0),
            "threshold": number(0),
        }
    ),
    "ELU": LayerRules({"alpha": number()}),
    "PReLU": LayerRules(
        {"shared_axes": optional(listed(whole(1, 5), 0, 5)), **_trained("alpha")},
        weights=weight_counts.slopes,
    ),
    "Softmax": LayerRules({"axis": _AXIS}),
    "Dropout": LayerRules({"rate": _RATE, **_SEED}, {"noise_shape": one_of(None)}),
    "SpatialDropout2D": LayerRules(
        {"rate": _RATE, **_SEED, **_FORMAT}, {"noise_shape": one_of(None)}
    ),
    "GaussianDropout": LayerRules({"rate": _RATE, **_SEED}),
    "GaussianNoise": LayerRules({"stddev": number(0), **_SEED}),
    "Flatten": LayerRules(_FORMAT),
    "Reshape": LayerRules({"target_shape": listed(whole(-1), 1, 5)}),
    "Permute": LayerRules({"dims": listed(whole(1, 5), 1, 5)}),
    "MaxPooling2D": LayerRules(_POOL),
    "AveragePooling2D": LayerRules(_POOL),
    "GlobalAveragePooling2D": LayerRules({"keepdims": boolean, **_FORMAT}),
    "GlobalMaxPooling1D": LayerRules({"keepdims": boolean, **_FORMAT}),
    "GlobalMaxPooling2D": LayerRules({"keepdims": boolean, **_FORMAT}),
    "UpSampling2D": LayerRules(
        {"size": pair(1, 256), "interpolation": one_of("nearest", "bilinear"), **_FORMAT}
    ),
    "ZeroPadding2D": LayerRules({"padding": _BORDER, **_FORMAT}),
    "Cropping2D": LayerRules({"cropping": _BORDER, **_FORMAT}),
    "CenterCrop": LayerRules({"height": whole(1), "width": whole(1), **_FORMAT}),
    "Rescaling": LayerRules({"scale": _FACTORS, "offset": _FACTORS, "dtype": policy_or_whole}),
    "Discretization": LayerRules(
        {"bin_boundaries": rising(number(), 1, 2**16), "output_mode": one_of("int")},
        {"num_bins": one_of(None), "epsilon": number(0, 1), "sparse": one_of(False)},
    ),
    "Identity": LayerRules({}),
    "Embedding": LayerRules(
        {"input_dim": whole(1), "output_dim": whole(1), **_trained("embeddings")},
        {
            "activity_regularizer": one_of(None),
            "mask_zero": one_of(False),
            "input_length": one_of(None, 1),
            "quantization_config": one_of(None),
        },
        weight_counts.embedding,
    ),
    "RepeatVector": LayerRules({"n": whole(1)}),
    "Dot": LayerRules(
        {"axes": either(_AXIS, listed(_AXIS, 2, 2)), "normalize": boolean}, merges=True
    ),
    "Add": _MERGE,
    "Subtract": _MERGE,
    "Multiply": _MERGE,
    "Average": _MERGE,
    "Maximum": _MERGE,
    "Minimum": _MERGE,
    "Concatenate": LayerRules({"axis": _AXIS}, merges=True),
}
_RENAMED = {("LeakyReLU", "alpha"): "negative_slope"}  # from Keras 2
_COMMON: Mapping[str, Check] = {"name": name, "trainable": boolean, "dtype": policy}
_UNREAD = {"batch_input_shape", "batch_shape"}  # Keras 2 writes them on a first layer, too


def make_layer(kind: str, config: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """A layer of Keras's own, not yet built, and its checked arguments.

    Raises `SpecError` for a class, an argument or a value that isn't known.
    """
    if kind not in LAYERS:
        raise SpecError(f"the layer {quoted(kind)}, which vaekit doesn't know")
    rules = LAYERS[kind]
    arguments: dict[str, Any] = {}
    try:
        for key, value in config.items():
            if key in _UNREAD:
                continue
            argument = _RENAMED.get((kind, key), key)
            if argument in rules.idle:
                rules.idle[argument](value)
                continue
            check = rules.arguments.get(argument) or _COMMON.get(argument)
            if check is None:
                raise SpecError(f"an argument {quoted(key)} that vaekit doesn't know")
            arguments[argument] = check(value)
        if "data_format" in rules.arguments:
            arguments.setdefault("data_format", "channels_last")
        try:
            return getattr(keras.layers, kind)(**arguments), arguments
        except (TypeError, ValueError) as error:
            raise SpecError(f"arguments that Keras refuses ({error})") from error
    except SpecError as error:
        where = quoted(config.get("name", kind))
        raise SpecError(f"the {kind} layer {where} with {error}") from None


def outputs_of(layer: Any, shapes: list[Shape]) -> Shape:
    """The shape of what a layer gives for inputs of these shapes, by arithmetic alone.

    Raises `SpecError` for factors that would widen their input, which Keras doesn't reckon with.
    """
    shape = tuple(layer.compute_output_shape(shapes if len(shapes) > 1 else shapes[0]))
    if isinstance(layer, keras.layers.Rescaling):
        for factors in (layer.scale, layer.offset):
            if isinstance(factors, tuple) and len(factors) != shape[-1]:
                raise SpecError(f"{len(factors)} factors for values of the shape {shape}")
    return shape


def weights_of(kind: str, arguments: Arguments, shape: Shape) -> int:
    """How many weights a layer will have when it is built for an input of this shape."""
    return LAYERS[kind].weights(arguments, shape)
