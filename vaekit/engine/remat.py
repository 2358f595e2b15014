"""Gradient checkpointing: of a net's way forward a few tensors are kept, the rest is done again.

A net is cut into segments; the way back does each again from what enters it (Chen et al.,
"Training Deep Nets with Sublinear Memory Cost", arXiv:1604.06174). A segment is computed as a pure
function of the values of its variables, so that the second time draws what the first one drew, and
moves nothing: what a layer assigns is assigned once, after the first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import keras
from keras import ops

from vaekit.engine.segment_plan import planned
from vaekit.kernels.segments import Segment, calls_of
from vaekit.types import Tensor

Context = Callable[[], AbstractContextManager[None]]


class Remat:
    """Calls functional models in training, keeping little of them for the way back.

    last: the model whose last segment isn't done again: the way back begins with it.
    precision: what is entered where layers compute as in training: backends may do the second time
        when the first is long over.
    """

    def __init__(self, last: keras.Model, precision: Context) -> None:
        self._last, self._precision = last, precision
        self._segments: dict[int, list[Segment]] = {}

    def __call__(self, model: keras.Model, inputs: Any) -> Any:
        """What `model(inputs, training=True)` gives."""
        segments = self._segments.setdefault(id(model), []) or self._cut(model)
        policy = model.dtype_policy
        calls = calls_of(model)
        values = {
            number: ops.cast(
                policy.convert_input(tensor, model.autocast, model.input_dtype), declared.dtype
            )
            for number, tensor, declared in zip(
                calls.inputs, keras.tree.flatten(inputs), model.inputs, strict=True
            )
        }
        for segment in segments:
            taken = [values[number] for number in segment.inputs_taken]
            if model is self._last and segment is segments[-1]:
                given = segment(taken, training=True)
            else:
                given = self._done_again(segment, taken)
            values.update(zip(segment.outputs_given, given, strict=True))
        outputs = [values[number] for number in calls.outputs]
        return outputs if len(outputs) > 1 else outputs[0]

    def _cut(self, model: keras.Model) -> list[Segment]:
        segments = self._segments[id(model)]
        segments += planned(calls_of(model))
        return segments

    def _done_again(self, segment: Segment, taken: Sequence[Tensor]) -> list[Tensor]:
        trained, held = segment.trainable_variables, segment.non_trainable_variables
        weights = [ops.convert_to_tensor(variable.value) for variable in trained]
        # A copy: the second time comes after they were moved.
        state = [ops.copy(variable.value) for variable in held]
        floats = [at for at, tensor in enumerate(taken) if _is_float(tensor)]
        moved: list[int] = []

        def pure(*tensors: Tensor) -> tuple[list[Tensor], list[Tensor]]:
            inputs = list(taken)
            for at, tensor in zip(floats, tensors, strict=False):
                inputs[at] = tensor
            pairs = [
                *zip(trained, tensors[len(floats) :], strict=True),
                *zip(held, state, strict=True),
            ]
            with keras.StatelessScope(pairs) as scope, self._precision():
                before = [scope.get_current_value(variable) for variable in held]
                outputs = segment(inputs, training=True)
                after = [scope.get_current_value(variable) for variable in held]
            pairs_of_values = zip(before, after, strict=True)
            moved[:] = [at for at, (old, new) in enumerate(pairs_of_values) if new is not old]
            return outputs, [ops.stop_gradient(after[at]) for at in moved]

        arguments = [*(taken[at] for at in floats), *weights]
        outputs, after = _rematerialised(pure, arguments)
        for at, value in zip(moved, after, strict=True):
            held[at].assign(value)
        return outputs


def _is_float(tensor: Tensor) -> bool:
    return "float" in keras.backend.standardize_dtype(tensor.dtype)


def _rematerialised(f: Callable[..., Any], arguments: Sequence[Tensor]) -> Any:
    """What `f` gives, of which only its arguments are kept: its outputs, and numbers beside them.

    No gradient goes through the numbers.
    """
    if keras.backend.backend() != "tensorflow":
        return keras.remat(f)(*arguments)
    # Its gradients take no whole numbers for outputs; those of the first time are here already.
    numbers: list[Any] = []

    def outputs_of(*tensors: Tensor) -> Any:
        outputs, others = f(*tensors)
        numbers.append(others)
        return tuple(outputs)

    return list(keras.remat(outputs_of)(*arguments)), numbers[0]
