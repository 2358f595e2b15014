"""A Keras model as ONNX, refused where it doesn't give what Keras gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np

from vaekit.errors import UserError
from vaekit.export.conversion import converted, refuse_missing_libraries
from vaekit.model import run_model

# What sums of float32 in another order may differ by, as a share of the largest value.
TOLERANCE = 1e-4


class OnnxModel(NamedTuple):
    """A model of ONNX, and how far it is from the Keras model that it was made of.

    content: the file. inputs, outputs: their names, in Keras's order; all have a batch of any size.
    difference: the largest of any value of any output, on real inputs.
    """

    content: bytes
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    difference: float


def export_onnx(
    model: keras.Model, inputs: Mapping[str, np.ndarray], outputs: Sequence[str]
) -> OnnxModel:
    """A model of one input, or of values and labels, as ONNX.

    Both are run on the same real inputs, all at once and one alone, and compared.

    inputs: what each is to be called, in the model's order, and real values of it: floats
        `(N, ...)`, and labels `(N, 1)`, int32. outputs: what each is to be called.

    Raises `UserError` where libraries are missing, ONNX or its runtime lacks an operation, or the
    two differ by more than float32 explains.
    """
    refuse_missing_libraries()
    content = converted(model, tuple(inputs), tuple(outputs))
    values, *labels = inputs.values()
    expected = run_model(model, values, *(codes[:, 0] for codes in labels))
    session = _session(content)
    differences = _differences(session, inputs, outputs, expected)
    for name, values, difference in zip(outputs, expected, differences, strict=True):
        most = TOLERANCE * float(np.abs(values).max(initial=1.0))
        if not difference <= most:  # a NaN is refused, too
            raise UserError(
                f"As ONNX, {model.name} gives {name} that differ from Keras's by up to "
                f"{difference:.2g}, where {most:.2g} is allowed: it can't be exported."
            )
    return OnnxModel(content, tuple(inputs), tuple(outputs), max(differences))


def _session(content: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what it can't hold it raises, too
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no base class of their own
        reason = str(error).strip().splitlines()[0]
        raise UserError(
            f"ONNX Runtime can't hold this model: {reason} Choose a decoder of other layers."
        ) from error


def _differences(
    session: Any,
    inputs: Mapping[str, np.ndarray],
    outputs: Sequence[str],
    expected: Sequence[np.ndarray],
) -> list[float]:
    """The largest of each output between the session's values and those expected."""
    whole = session.run(list(outputs), dict(inputs))
    alone = session.run(list(outputs), {name: values[:1] for name, values in inputs.items()})
    return [
        float(max(np.abs(all_ - values).max(), np.abs(first - values[:1]).max()))
        for all_, first, values in zip(whole, alone, expected, strict=True)
    ]
