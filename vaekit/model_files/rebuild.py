"""A model from its parsed config, by our own calls of Keras's constructors."""

from __future__ import annotations

import inspect
import math
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import keras

from vaekit.model_files.checks import SpecError, either, one_of, quoted
from vaekit.model_files.graph import Call, LayerSpec, ModelSpec, Ref, input_shape
from vaekit.model_files.layers import LAYERS, make_layer, outputs_of, weights_of
from vaekit.model_files.objects import policy
from vaekit.model_files.sampling import sampled_of
from vaekit.model_files.tree import Branch, Leaf, Node

MOST_WEIGHTS = 2**28  # a gigabyte of float32
LARGEST_TENSOR = 2**28  # values for one image
MOST_CALLS = 2000  # in all, those inside nested models counted each time


_PLAIN = Call([], None, old=False)


_input_type = either(one_of("int32", "int64"), policy)


class _BuiltLayer(NamedTuple):
    """A layer that is built, and how it is called.

    call: from symbolic inputs, and the call as the config has it, to symbolic outputs.
    """

    node: Node
    call: Callable[[list[Any], Call], list[Any]]


class _Allowance:
    """What may still be built: weights that the file holds, and calls."""

    def __init__(self, weights: int) -> None:
        self._stored, self._weights, self._calls = weights, 0, 0

    def spend(self, *, weights: int = 0, calls: int = 0) -> None:
        """Take note of weights and calls. Raises `SpecError` beyond what is allowed."""
        self._weights += weights
        self._calls += calls
        if self._weights > MOST_WEIGHTS:
            raise SpecError(f"more than {MOST_WEIGHTS} weights")
        if self._weights > self._stored:
            raise SpecError(f"layers of more weights than the {self._stored} that it stores")
        if self._calls > MOST_CALLS:
            raise SpecError(f"more than {MOST_CALLS} calls of layers")


def rebuild(spec: ModelSpec, stored: int) -> Branch:
    """The model of a config, its weights as initialised.

    stored: how many weights the file holds; a config that asks for more is refused.
    Raises `SpecError`.
    """
    with _unchanged_seeds():
        return _model(spec, _Allowance(stored))


@contextmanager
def _unchanged_seeds() -> Iterator[None]:
    """Leave Python's generator be, from which Keras draws the seeds of layers that have none."""
    state = random.getstate()
    try:
        yield
    finally:
        random.setstate(state)


def _model(spec: ModelSpec, allowance: _Allowance) -> Branch:
    build = _sequential if spec.kind == "Sequential" else _functional
    branch = build(spec, allowance)
    if not spec.trainable:
        branch.model.trainable = False
    return branch


def _sequential(spec: ModelSpec, allowance: _Allowance) -> Branch:
    first, *rest = spec.layers
    if not isinstance(first, LayerSpec) or first.kind != "InputLayer":
        raise SpecError(f"the Sequential {spec.name!r} whose first layer is no InputLayer")
    start = _input(first, allowance)
    built, tensor = [start], start.call([], _PLAIN)[0]
    for layer in rest:
        built.append(_make(layer, allowance))
        outputs = built[-1].call([tensor], _PLAIN)
        if len(outputs) != 1:
            raise SpecError(f"the Sequential {spec.name!r} with a layer of several outputs")
        tensor = outputs[0]
    layers = [item.node.layer for item in built if item.node.layer is not None]
    if len(layers) < len(built):
        raise SpecError("a Lambda layer in a Sequential")
    model = keras.Sequential(layers, name=spec.name)
    return Branch(spec.name, "Sequential", model, [item.node for item in built])


def _functional(spec: ModelSpec, allowance: _Allowance) -> Branch:
    built: dict[str, _BuiltLayer] = {}
    outputs: dict[tuple[str, int], list[Any]] = {}
    waiting: list[tuple[str, int, Call]] = []
    for layer in spec.layers:
        if isinstance(layer, LayerSpec) and layer.kind == "InputLayer":
            built[layer.name] = _input(layer, allowance)
            outputs[layer.name, 0] = built[layer.name].call([], _PLAIN)
            continue
        built[layer.name] = _make(layer, allowance)
        waiting += [(layer.name, at, call) for at, call in enumerate(layer.calls)]

    def tensor(ref: Ref) -> Any:
        tensors = outputs.get((ref.layer, ref.call))
        if tensors is None or ref.tensor >= len(tensors):
            raise SpecError(f"a reference to {quoted(ref.layer)} that leads nowhere")
        return tensors[ref.tensor]

    while waiting:
        blocked = []
        for layer_name, at, call in waiting:
            ready = all((ref.layer, ref.call) in outputs for ref in call.inputs)
            if ready and (at == 0 or (layer_name, at - 1) in outputs):
                inputs = [tensor(ref) for ref in call.inputs]
                outputs[layer_name, at] = built[layer_name].call(inputs, call)
            else:
                blocked.append((layer_name, at, call))
        if len(blocked) == len(waiting):
            raise SpecError(f"calls that form a ring, at the layer {quoted(blocked[0][0])}")
        waiting = blocked
    ends = [tensor(ref) for ref in spec.outputs]
    starts = [tensor(ref) for ref in spec.inputs]
    outputs_as_named = dict(zip(spec.names, ends, strict=True)) if spec.names else ends
    model = keras.Model(
        starts[0] if len(starts) == 1 else starts,
        ends[0] if spec.single and not spec.names else outputs_as_named,
        name=spec.name,
    )
    return Branch(spec.name, "Functional", model, [item.node for item in built.values()])


def _input(spec: LayerSpec, allowance: _Allowance) -> _BuiltLayer:
    shape = input_shape(spec.config)
    _check_size(shape)
    allowance.spend(calls=1)
    dtype = _input_type(spec.config.get("dtype", "float32"))
    layer = keras.layers.InputLayer(batch_shape=shape, dtype=dtype, name=spec.name)
    return _BuiltLayer(Leaf(spec.name, "InputLayer", layer), lambda inputs, how: [layer.output])


def _make(spec: LayerSpec | ModelSpec, allowance: _Allowance) -> _BuiltLayer:
    if isinstance(spec, ModelSpec):
        return _nested(spec, allowance)
    if spec.kind == "Lambda":
        node = Leaf(spec.name, "Lambda", None)

        def sample(inputs: list[Any], how: Call) -> list[Any]:
            allowance.spend(calls=6)
            return [sampled_of(inputs, [ref.layer for ref in how.inputs], spec.name)]

        return _BuiltLayer(node, sample)
    layer, arguments = make_layer(spec.kind, spec.config)

    def call(inputs: list[Any], how: Call) -> list[Any]:
        merges = LAYERS[spec.kind].merges
        if not merges and len(inputs) != 1:
            raise SpecError(f"the layer {spec.name!r} with {len(inputs)} inputs")
        shapes = [tuple(each.shape) for each in inputs]
        try:
            _check_size(outputs_of(layer, shapes))
            weights = 0 if layer.built else weights_of(spec.kind, arguments, shapes[0])
        except SpecError:
            raise
        except Exception as error:  # shapes that don't fit the layer; Keras raises what it likes
            raise SpecError(f"the layer {spec.name!r} after one that it can't follow") from error
        allowance.spend(weights=weights, calls=1)
        return [layer(inputs if merges else inputs[0], **_training_argument(layer, how))]

    return _BuiltLayer(Leaf(spec.name, spec.kind, layer), call)


def _nested(spec: ModelSpec, allowance: _Allowance) -> _BuiltLayer:
    if spec.names:
        raise SpecError(f"the model {spec.name!r}, whose outputs have names, within another")
    branch = _model(spec, allowance)
    calls = branch.calls()

    def call(inputs: list[Any], how: Call) -> list[Any]:
        allowance.spend(calls=calls)
        shapes = [tuple(each.shape)[1:] for each in branch.model.inputs]
        if [tuple(each.shape)[1:] for each in inputs] != shapes:
            raise SpecError(f"the model {spec.name!r} called on other shapes than it takes")
        model = branch.model
        outputs = model(inputs[0] if len(inputs) == 1 else inputs, **_training_argument(model, how))
        return list(outputs) if isinstance(outputs, list | tuple) else [outputs]

    return _BuiltLayer(branch, call)


def _training_argument(layer: Any, how: Call) -> dict[str, bool]:
    """The argument `training` of a call, for a layer that takes one."""
    if how.training is None or "training" not in inspect.signature(layer.call).parameters:
        return {}
    return {"training": how.training}


def _check_size(shape: tuple[int | None, ...]) -> None:
    sides = [side for side in shape[1:] if side is not None]
    if len(sides) < len(shape) - 1 or min(sides, default=1) < 1:
        raise SpecError(f"a tensor of the impossible shape {shape}")
    if math.prod(sides) * (shape[0] or 1) > LARGEST_TENSOR:
        raise SpecError(f"a tensor of the shape {shape}, more than {LARGEST_TENSOR} values")
