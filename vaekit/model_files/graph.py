"""The layers and the calls between them that a model's config describes, as plain values.

Keras 2 and Keras 3 write calls differently; both are read into `Call`.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from vaekit.model_files.checks import (
    SpecError,
    boolean,
    mapping,
    name,
    quoted,
    shape,
    whole,
)

MOST_LAYERS = 1000
MOST_CALLS = 32  # of one layer

_HOMES = {  # where the versions of Keras say that their classes live
    *(None, "keras", "keras.layers", "keras.models", "keras.engine.functional"),
    *("keras.src.models.functional", "keras.src.models.sequential"),
    *("keras.src.engine.functional", "tf_keras.src.engine.functional"),
    *("keras.src.engine.sequential", "tf_keras.src.engine.sequential"),
}
_OPERATIONS = re.compile(r"keras(\.src)?\.ops\b")
_LAYER = {
    *("class_name", "config", "name", "inbound_nodes", "module", "registered_name"),
    *("build_config", "compile_config", "shared_object_id"),  # never read
}
_MODELS = {"Functional", "Model", "Sequential"}
_MODEL = {
    *("name", "trainable", "dtype", "layers", "input_layers", "output_layers"),
    "build_input_shape",
}


class Ref(NamedTuple):
    """A tensor: the output `tensor` of the call number `call` of a layer."""

    layer: str
    call: int
    tensor: int


class Call(NamedTuple):
    """A call of a layer on tensors.

    training: what it was told; None if nothing. old: whether Keras 2 wrote it.
    """

    inputs: list[Ref]
    training: bool | None
    old: bool


class LayerSpec(NamedTuple):
    """A layer of a config: its class, its name, its unchecked arguments and its calls."""

    kind: str
    name: str
    config: dict[str, Any]
    calls: list[Call]


class ModelSpec(NamedTuple):
    """A model of a config, whose layers may be models too.

    kind: `Functional` or `Sequential`. inputs, outputs: empty for a `Sequential`.
    single: whether there is one output, not in a list. names: of the outputs, where they have some.
    """

    kind: str
    name: str
    trainable: bool
    layers: list[LayerSpec | ModelSpec]
    calls: list[Call]
    inputs: list[Ref]
    outputs: list[Ref]
    single: bool
    names: tuple[str, ...] = ()


def parse_model(data: Any, depth: int = 0) -> ModelSpec:
    """A model's config, taken apart. Raises `SpecError` for what is no such config."""
    data = _entry(data)
    kind = "Sequential" if data["class_name"] == "Sequential" else "Functional"
    if data["class_name"] not in _MODELS:
        raise SpecError(f"the model class {quoted(data['class_name'])}")
    if depth > 4:
        raise SpecError("models within models, deeper than 4")
    config = data["config"]
    if isinstance(config, list) and kind == "Sequential":  # the oldest form
        config = {"name": data.get("name", "sequential"), "layers": config}
    config = mapping(config, _MODEL)
    layers = config.get("layers")
    if not isinstance(layers, list) or not 1 <= len(layers) <= MOST_LAYERS:
        raise SpecError(f"a model whose layers are no list of 1 to {MOST_LAYERS}")
    parsed = [_layer(item, depth) for item in layers]
    names = [layer.name for layer in parsed]
    if len(set(names)) < len(names):
        raise SpecError("two layers of one name")
    inputs, _ = _ends(config.get("input_layers", []))
    ends = config.get("output_layers", [])
    names_of_outputs = tuple(map(name, ends)) if isinstance(ends, dict) else ()
    outputs, single = _ends(list(ends.values()) if names_of_outputs else ends)
    if kind == "Functional" and not (inputs and outputs):
        raise SpecError("a model without inputs or outputs")
    return _renumbered(
        ModelSpec(
            kind,
            name(config.get("name")),
            boolean(config.get("trainable", True)),
            parsed,
            _calls(data),
            inputs,
            outputs,
            single,
            names_of_outputs,
        )
    )


def _renumbered(model: ModelSpec) -> ModelSpec:
    """The model with the calls of the models in it counted from 0.

    A nested model is born with a call of its own. Keras 3 counts it where it names outputs, for a
    functional model only; Keras 2 counts it everywhere.
    """
    nested = {layer.name: layer.kind for layer in model.layers if isinstance(layer, ModelSpec)}
    old = any(call.old for layer in model.layers for call in layer.calls)

    def mend(ref: Ref) -> Ref:
        return ref._replace(call=ref.call - 1) if ref.layer in nested else ref

    def mend_call(call: Call) -> Call:
        return call._replace(inputs=[mend(ref) for ref in call.inputs]) if call.old else call

    def mend_output(ref: Ref) -> Ref:
        return mend(ref) if old or nested.get(ref.layer) == "Functional" else ref

    return model._replace(
        layers=[layer._replace(calls=list(map(mend_call, layer.calls))) for layer in model.layers],
        outputs=list(map(mend_output, model.outputs)),
    )


def _entry(data: Any) -> dict[str, Any]:
    """The entry of a layer or a model, whose class says that it is Keras's own."""
    data = mapping(data, _LAYER)
    kind = data.get("class_name")
    if not isinstance(kind, str) or "config" not in data:
        raise SpecError("a layer without a class or a config")
    home, registered = data.get("module"), data.get("registered_name")
    if isinstance(home, str) and _OPERATIONS.match(home):
        raise SpecError(
            f"the operation {quoted(kind)}, and vaekit rebuilds models of layers alone: if a run "
            "of yours saved it, work with the run"
        )
    if home not in _HOMES or registered not in (None, kind):
        of = registered if registered not in (None, kind) else home
        raise SpecError(f"the class {quoted(kind)} of {quoted(of)}, which is none of Keras's own")
    return data


def _layer(data: Any, depth: int) -> LayerSpec | ModelSpec:
    data = _entry(data)
    if data["class_name"] in _MODELS:
        return parse_model(data, depth + 1)
    config = data["config"]
    if not isinstance(config, dict):
        raise SpecError(f"the {quoted(data['class_name'])} layer without a config")
    called = name(data.get("name", config.get("name")))
    if config.get("name", called) != called:
        raise SpecError(f"the layer {called!r} with another name, {quoted(config['name'])}")
    return LayerSpec(data["class_name"], called, {**config, "name": called}, _calls(data))


def _calls(data: dict[str, Any]) -> list[Call]:
    nodes = data.get("inbound_nodes") or []
    if not isinstance(nodes, list) or len(nodes) > MOST_CALLS:
        raise SpecError(f"a layer whose calls are no list of at most {MOST_CALLS}")
    return [_new_call(node) if isinstance(node, dict) else _old_call(node) for node in nodes]


def _old_call(node: Any) -> Call:
    """`[[layer, call, tensor, {arguments}], ...]`."""
    if not isinstance(node, list) or not 1 <= len(node) <= 64:
        raise SpecError(f"a call {quoted(node)} that vaekit doesn't know")
    training, refs = None, []
    for item in node:
        if not isinstance(item, list) or len(item) not in (3, 4):
            raise SpecError(f"a call {quoted(node)} that vaekit doesn't know")
        refs.append(_ref(item[:3]))
        training = _training(item[3] if len(item) == 4 else {}) if training is None else training
    return Call(refs, training, old=True)


def _new_call(node: Any) -> Call:
    """`{"args": [tensor, or a list of them], "kwargs": {...}}`."""
    node = mapping(node, {"args", "kwargs"})
    arguments = node.get("args")
    if not isinstance(arguments, list) or len(arguments) != 1:
        raise SpecError(f"a call {quoted(arguments)} that vaekit doesn't know")
    tensors = arguments[0] if isinstance(arguments[0], list) else arguments
    if not 1 <= len(tensors) <= 64:
        raise SpecError(f"a call {quoted(arguments)} that vaekit doesn't know")
    return Call([_tensor(item) for item in tensors], _training(node.get("kwargs")), old=False)


def _training(arguments: Any) -> bool | None:
    arguments = mapping({} if arguments is None else arguments, {"training", "mask"})
    masks = arguments.get("mask")
    if masks is not None and masks != [None] * len(masks):
        raise SpecError("a call with a mask")
    training = arguments.get("training")
    return None if training is None else boolean(training)


def _tensor(item: Any) -> Ref:
    item = mapping(item, {"class_name", "config"})
    if item.get("class_name") != "__keras_tensor__":
        raise SpecError(f"an input {quoted(item.get('class_name'))} that is no tensor")
    config = mapping(item.get("config"), {"shape", "dtype", "keras_history", "name", "sparse"})
    return _ref(config.get("keras_history"))


def _ref(item: Any) -> Ref:
    if not isinstance(item, list) or len(item) != 3:
        raise SpecError(f"a reference {quoted(item)} to no tensor")
    return Ref(name(item[0]), whole(0, 2 * MOST_CALLS)(item[1]), whole(0, 63)(item[2]))


def _ends(item: Any) -> tuple[list[Ref], bool]:
    """The inputs or outputs of a model, and whether there is one that is in no list."""
    if isinstance(item, list) and len(item) == 3 and isinstance(item[0], str):
        return [_ref(item)], True
    if not isinstance(item, list) or len(item) > 64:
        raise SpecError(f"inputs or outputs {quoted(item)} that are no list")
    return [_ref(ref) for ref in item], len(item) == 1


def input_shape(config: dict[str, Any]) -> tuple[int | None, ...]:
    """The shape of the batch that an `InputLayer` takes. Raises `SpecError`."""
    config = mapping(
        config,
        {
            *("name", "dtype", "batch_shape", "batch_input_shape", "shape", "trainable"),
            *("sparse", "ragged", "optional", "input_tensor"),
        },
    )
    for unusual in ("sparse", "ragged", "optional", "input_tensor"):
        if config.get(unusual):
            raise SpecError(f"an input that is {unusual}")
    return shape(config.get("batch_shape") or config.get("batch_input_shape"))
