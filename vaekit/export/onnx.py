"""A Keras model as ONNX, refused where it doesn't give what Keras gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import keras
import numpy as np

from vaekit.errors import UserError
from vaekit.export.conversion import converted, first_line, refuse_missing_libraries
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
    whole = _outputs(content, inputs, outputs)
    alone = _outputs(content, {name: some[:1] for name, some in inputs.items()}, outputs)
    differences = []
    for name, values, of_all, of_one in zip(outputs, expected, whole, alone, strict=True):
        exact = values.astype("float64")  # whole numbers without a sign have no differences
        difference = max(np.abs(of_all - exact).max(), np.abs(of_one - exact[:1]).max())
        most = TOLERANCE * max(1.0, np.abs(exact).max())
        if not difference <= most:  # a NaN is refused, too
            raise UserError(
                f"As ONNX, {model.name} gives {name} that differ from Keras's by up to "
                f"{difference:.2g}, where {most:.2g} is allowed: it can't be exported."
            )
        differences.append(float(difference))
    return OnnxModel(content, tuple(inputs), tuple(outputs), max(differences))


def _outputs(
    content: bytes, inputs: Mapping[str, np.ndarray], outputs: Sequence[str]
) -> list[np.ndarray]:
    """What the runtime gives. Raises `UserError` for what it can't hold or run."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what it logs it raises, too
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        results: list[np.ndarray] = session.run(list(outputs), dict(inputs))
    except Exception as error:  # its errors have no base class of their own
        raise UserError(
            f"ONNX Runtime can't run this model: {first_line(error)}. Choose a network of other "
            "layers."
        ) from error
    return results
