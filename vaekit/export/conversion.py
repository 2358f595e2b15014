"""From a Keras model to the bytes of ONNX by tf2onnx: on TensorFlow, here or in a child process."""

from __future__ import annotations

import importlib.util
import logging
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras

from vaekit.errors import UserError, VaekitError, why_ended
from vaekit.wording import install_text

_LIBRARIES = ("onnx", "onnxruntime", "tf2onnx")
# The parent chooses the backend, by KERAS_BACKEND; it starts before anything imports Keras, so that
# its notices are no part of an error.
_CHILD = """
from vaekit.startup import select_backend
select_backend(None)
from vaekit.export.conversion import convert_file
convert_file()
"""


def refuse_missing_libraries() -> None:
    """Raise `UserError` if a library that makes or checks ONNX isn't installed."""
    for name in _LIBRARIES:
        if importlib.util.find_spec(name) is None:
            raise UserError(
                f"A model as ONNX needs {name}, which isn't installed: "
                f"{install_text('vaekit[onnx]')}."
            )


def converted(model: keras.Model, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> bytes:
    """A model as ONNX, with these names of its inputs and outputs and a batch of any size.

    tf2onnx reads TensorFlow's graphs alone. On another backend, the model is saved, and a process
    on TensorFlow opens it.

    Raises `UserError` for an operation that ONNX lacks.
    """
    if keras.backend.backend() == "tensorflow":
        return _converted_here(model, inputs, outputs)
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "model.keras"), Path(folder, "model.onnx")
        model.save(source)
        ended = subprocess.run(
            [sys.executable, "-c", _CHILD, source, target, ",".join(inputs), ",".join(outputs)],
            env={**os.environ, "KERAS_BACKEND": "tensorflow"},
            capture_output=True,
            text=True,
            errors="replace",
        )
        if ended.returncode == UserError.exit_code:
            raise UserError(ended.stderr.strip())
        if ended.returncode:
            raise VaekitError(
                f"The process that makes ONNX of {model.name} on TensorFlow failed: "
                f"{why_ended(ended.returncode, ended.stderr)}"
            )
        return target.read_bytes()


def convert_file() -> None:
    """In the child: `converted` from file to file, by the arguments of the process."""
    source, target, inputs, outputs = sys.argv[1:]
    model = keras.saving.load_model(source, compile=False)
    try:
        content = _converted_here(model, tuple(inputs.split(",")), tuple(outputs.split(",")))
    except UserError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    Path(target).write_bytes(content)


def _converted_here(model: keras.Model, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> bytes:
    import tensorflow as tf
    import tf2onnx

    signature = [
        tf.TensorSpec(value.shape, value.dtype, name=name)
        for name, value in zip(inputs, model.inputs, strict=True)
    ]

    # Outputs in a dict keep their names, which those of a list lose.
    @tf.function(input_signature=signature)
    def named(*values: Any) -> dict[str, Any]:
        results = model(list(values) if len(values) > 1 else values[0], training=False)
        return dict(zip(outputs, keras.tree.flatten(results), strict=True))

    try:
        with _quiet():
            proto, _ = tf2onnx.convert.from_function(named, signature)
    except Exception as error:  # it raises whatever its handlers come upon
        raise UserError(
            f"{model.name} can't be made ONNX: {first_line(error)}. Choose a network of other "
            "layers."
        ) from error
    lacking = sorted(set(_lacking(proto.graph)))
    if lacking:
        raise UserError(
            f"ONNX lacks {', '.join(lacking)}, of which {model.name} makes use: choose a network "
            "of other layers."
        )
    return proto.SerializeToString()


def first_line(error: Exception) -> str:
    """What a library's error says, as part of a sentence."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__).rstrip(". ")


def _lacking(graph: Any) -> Iterator[str]:
    """Operations that none of ONNX came of, and so stand in its graph by their old names."""
    from onnx.defs import has

    for node in graph.node:
        if not has(node.op_type, node.domain):
            yield node.op_type
        for attribute in node.attribute:
            if attribute.HasField("g"):  # a branch, or the body of a loop
                yield from _lacking(attribute.g)


@contextmanager
def _quiet() -> Iterator[None]:
    """While entered, the converter tells nobody what it does."""
    logger = logging.getLogger("tf2onnx")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
