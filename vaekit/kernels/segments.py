"""The calls of a functional model one by one, and some of them in a row as a layer.

Reaches into: `keras.src.models.functional.Functional._nodes_by_depth`, the arguments of nodes, and
`operation_fn`, by which a functional model tells its layers whether it trains.
Why: gradient checkpointing cuts a net where little goes from one side to the other, and Keras's own
`RematScope` goes by layers: each keeps its input, which is all that a plain net keeps, and batch
norm's averages would move a second time where a layer is computed again.
Gain: memory; `benchmarks/large_images.py` has it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import keras
from keras.src.models.functional import Functional, operation_fn


class Call(NamedTuple):
    """One operation on tensors that go by numbers.

    size: how many values it gives of an image.
    """

    operation: Any
    arguments: Any
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    size: int


class Calls(NamedTuple):
    """All calls of a model in an order in which they can be done; of models within it, too.

    inputs, outputs: the model's. names: what a tensor with another number goes by.
    """

    calls: list[Call]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    names: Mapping[int, int]


def calls_of(model: keras.Model) -> Calls:
    """The calls of a functional model."""
    names: dict[int, int] = {}
    calls = [*_calls(model, names, {id(model)})]
    inputs, outputs = (_numbers(tensors, names) for tensors in (model.inputs, model.outputs))
    return Calls(calls, inputs, outputs, names)


def _calls(model: Any, names: dict[int, int], entered: set[int]) -> Iterator[Call]:
    for depth in sorted(model._nodes_by_depth, reverse=True):
        for node in model._nodes_by_depth[depth]:
            inner = node.operation
            if node.is_input:
                continue
            if type(inner) is Functional and id(inner) not in entered:
                entered.add(id(inner))
                taken = _numbers(node.input_tensors, names)
                names.update(zip(map(id, inner.inputs), taken, strict=True))
                yield from _calls(inner, names, entered)
                given = _numbers(inner.outputs, names)
                names.update(zip(map(id, node.output_tensors), given, strict=True))
                continue
            yield Call(
                inner,
                node.arguments,
                _numbers(node.input_tensors, names),
                _numbers(node.output_tensors, names),
                sum(math.prod(s or 1 for s in tensor.shape[1:]) for tensor in node.output_tensors),
            )


def _numbers(tensors: Sequence[Any], names: Mapping[int, int]) -> tuple[int, ...]:
    return tuple(names.get(id(tensor), id(tensor)) for tensor in tensors)


class Segment(keras.layers.Layer):  # type: ignore[misc]  # untyped here
    """Calls in a row: the tensors that they take from before -> those that are used after them."""

    def __init__(
        self,
        calls: Sequence[Call],
        inputs: Sequence[int],
        outputs: Sequence[int],
        names: Mapping[int, int],
    ) -> None:
        # It casts nothing: each layer does for itself.
        super().__init__(autocast=False, dtype="float32")
        self.inputs_taken, self.outputs_given = tuple(inputs), tuple(outputs)
        self._calls, self._others = tuple(calls), _others(names)
        self.held = [call.operation for call in calls if isinstance(call.operation, keras.Layer)]
        self.built = True

    def call(self, tensors: Sequence[Any], training: bool | None = None) -> list[Any]:
        """What the calls make of tensors."""
        values: dict[int, Any] = {}
        self._put(values, self.inputs_taken, tensors)
        for call in self._calls:
            args, kwargs = call.arguments.fill_in(values)
            result = operation_fn(call.operation, training=training)(*args, **kwargs)
            self._put(values, call.outputs, keras.tree.flatten(result))
        return [values[number] for number in self.outputs_given]

    def _put(self, values: dict[int, Any], numbers: Sequence[int], tensors: Sequence[Any]) -> None:
        for number, tensor in zip(numbers, tensors, strict=True):
            # Arguments go by the numbers that tensors had before they were named.
            for name in (number, *self._others.get(number, ())):
                values[name] = tensor


def _others(names: Mapping[int, int]) -> dict[int, list[int]]:
    others: dict[int, list[int]] = {}
    for other, name in names.items():
        others.setdefault(name, []).append(other)
    return others
