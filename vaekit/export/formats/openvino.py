"""OpenVINO's own files, by its reader of SavedModels; checked on the processor."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import keras
import numpy as np

from vaekit.export.formats.base import Arrays, Format, Runner, call_text, lacking, refused
from vaekit.export.formats.saved_model import write_saved_model

# Else it computes in bfloat16 where the processor can, whatever the file's weights are in.
_PRECISION = {"INFERENCE_PRECISION_HINT": "f32"}
_LACKING = re.compile(r"No conversion rule found for operations: ([\w, ]+)")


class OpenVino(Format):
    """A file `.xml`, the network, and one `.bin`, its weights."""

    name, title, ending = "openvino", "OpenVINO", ".xml"
    modules = ("openvino",)
    distributions = modules
    extra = "openvino"
    quantizations = ("float16",)

    def write(
        self,
        model: keras.Model,
        inputs: Sequence[str],
        outputs: Sequence[str],
        stem: Path,
        quantize: str | None,
    ) -> None:
        import openvino

        with tempfile.TemporaryDirectory() as folder:
            write_saved_model(model, inputs, outputs, Path(folder))
            try:
                # Not by `convert_model`, which reports every call over the network, and waits.
                converted = openvino.Core().read_model(folder)
            except Exception as error:  # its errors have no base class of their own
                operations = _LACKING.search(str(error))
                if operations:
                    raise lacking("OpenVINO", stem.name, operations[1].split(", ")) from error
                raise refused("OpenVINO", stem.name, error) from error
            openvino.save_model(converted, self.path(stem), compress_to_fp16=quantize == "float16")

    def open(self, stem: Path) -> Runner:
        import openvino

        compiled = openvino.compile_model(self.path(stem), "CPU", _PRECISION)

        def run(feeds: Arrays) -> dict[str, np.ndarray]:
            results = compiled(dict(feeds))
            return {output.any_name: results[output] for output in compiled.outputs}

        return run

    def files(self, stem: Path) -> list[Path]:
        return [self.path(stem), self.path(stem).with_suffix(".bin")]

    def example(self, path: str, inputs: Mapping[str, str], outputs: Sequence[str]) -> str:
        names = ", ".join(f'results["{name}"]' for name in outputs)
        return (
            f'import numpy as np, openvino; as_exported = {{"INFERENCE_PRECISION_HINT": "f32"}}\n'
            f'results = openvino.compile_model("{path}", "CPU", as_exported)({call_text(inputs)})\n'
            f"{', '.join(outputs)}, = {names},"
        )
