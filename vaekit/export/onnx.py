"""A Keras model as the bytes of ONNX, refused where it doesn't give what Keras gives."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np

from vaekit.export.formats import FORMATS
from vaekit.export.part import Measure, Part
from vaekit.export.written import write_parts


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
    """A model as ONNX.

    Both are run on the same real inputs, all at once and one alone, and compared.

    inputs: what each is to be called, in the model's order, and real values of it `(N, ...)`.
    outputs: what each is to be called.

    Raises `UserError` where libraries are missing, ONNX or its runtime lacks an operation, or the
    two differ by more than float32 explains.
    """
    form = FORMATS["onnx"]
    part = Part(model, inputs, dict.fromkeys(outputs, Measure.VALUES))
    with tempfile.TemporaryDirectory() as folder:
        differences = write_parts({model.name: part}, form, Path(folder))[model.name]
        content = form.path(Path(folder, model.name)).read_bytes()
    largest = max(each.largest for each in differences.values())
    return OnnxModel(content, tuple(inputs), tuple(outputs), largest)
