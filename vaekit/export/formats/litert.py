"""LiteRT, once TensorFlow Lite: written by TensorFlow, checked in its interpreter."""

from __future__ import annotations

import importlib.util
import re
import tempfile
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import keras
import numpy as np

from vaekit.export.formats.base import Arrays, Format, Runner, lacking, refused
from vaekit.export.formats.saved_model import SIGNATURE, write_saved_model

_LACKING = re.compile(r"'tf\.(\w+)' op is neither a custom op nor a flex op")


class LiteRT(Format):
    """A file `.tflite`, with one signature, by whose names it is called."""

    name, title, ending = "litert", "LiteRT", ".tflite"
    modules = ("tensorflow",)
    quantizations = ("float16", "int8")

    def write(
        self,
        model: keras.Model,
        inputs: Sequence[str],
        outputs: Sequence[str],
        stem: Path,
        quantize: str | None,
    ) -> None:
        import tensorflow as tf

        with tempfile.TemporaryDirectory() as folder:
            write_saved_model(model, inputs, outputs, Path(folder))
            converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[SIGNATURE])
            if quantize is not None:
                # Scales of what lies between layers come with the values: such that calibration
                # images had fixed made every model that was tried more wrong.
                converter.optimizations = [tf.lite.Optimize.DEFAULT]
            if quantize == "float16":
                converter.target_spec.supported_types = [tf.float16]
            try:
                content = converter.convert()
            except Exception as error:  # its errors have no base class of their own
                operations = _LACKING.findall(str(error))
                if operations:
                    raise lacking("LiteRT", stem.name, operations) from error
                raise refused("LiteRT", stem.name, error) from error
        self.path(stem).write_bytes(content)

    def open(self, stem: Path) -> Runner:
        interpreter = _interpreter()(model_path=str(self.path(stem)))
        signature = interpreter.get_signature_runner(SIGNATURE)

        def run(feeds: Arrays) -> dict[str, np.ndarray]:
            outputs: dict[str, np.ndarray] = signature(**feeds)
            return outputs

        return run

    def example(self, path: str, inputs: Mapping[str, str], outputs: Sequence[str]) -> str:
        values = ", ".join(f"{name}={value}" for name, value in inputs.items())
        return (
            "import numpy as np; from ai_edge_litert.interpreter import Interpreter\n"
            f'model = Interpreter("{path}").get_signature_runner("{SIGNATURE}")\n'
            f"outputs = model({values})"
        )


def _interpreter() -> Any:
    """LiteRT's own where it is installed, else TensorFlow's, which is to go."""
    if importlib.util.find_spec("ai_edge_litert") is not None:
        return import_module("ai_edge_litert.interpreter").Interpreter
    import tensorflow as tf

    return tf.lite.Interpreter
