"""ONNX, by tf2onnx; checked in ONNX Runtime."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np

from vaekit.export.formats.base import Arrays, Format, Runner, call_text, lacking, refused
from vaekit.export.formats.onnx_choices import HANDLERS
from vaekit.export.formats.saved_model import named_function


class Onnx(Format):
    """A file `.onnx`, of inputs and outputs in float32 whatever its weights are in."""

    name, title, ending = "onnx", "ONNX", ".onnx"
    modules = ("onnx", "onnxruntime", "tf2onnx")
    distributions = modules
    extra = "onnx"
    quantizations = ("float16", "int8")

    def write(
        self,
        model: keras.Model,
        inputs: Sequence[str],
        outputs: Sequence[str],
        stem: Path,
        quantize: str | None,
    ) -> None:
        import onnx

        proto = _converted(model, inputs, outputs, stem.name)
        if quantize == "float16":
            with _tools_path():
                from onnxruntime.transformers.float16 import convert_float_to_float16
            proto = convert_float_to_float16(proto, keep_io_types=True)
        if quantize == "int8":
            proto = _in_8_bits(proto)
        onnx.save(proto, self.path(stem))

    def open(self, stem: Path) -> Runner:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4  # what it logs it raises, too
        session = onnxruntime.InferenceSession(
            self.path(stem), options, providers=["CPUExecutionProvider"]
        )
        names = [output.name for output in session.get_outputs()]

        def run(feeds: Arrays) -> dict[str, np.ndarray]:
            return dict(zip(names, session.run(names, dict(feeds)), strict=True))

        return run

    def example(self, path: str, inputs: Mapping[str, str], outputs: Sequence[str]) -> str:
        names = ", ".join(f'"{name}"' for name in outputs)
        return (
            "import numpy as np, onnxruntime\n"
            f'session = onnxruntime.InferenceSession("{path}")\n'
            f"{', '.join(outputs)}, = session.run([{names}], {call_text(inputs)})"
        )

    def about(self, stem: Path) -> dict[str, Any]:
        import onnx

        opsets = onnx.load(self.path(stem)).opset_import
        return {"opset": {opset.domain or "ai.onnx": opset.version for opset in opsets}}


def _converted(model: keras.Model, inputs: Sequence[str], outputs: Sequence[str], name: str) -> Any:
    import tf2onnx

    function, signature = named_function(model, inputs, outputs)
    try:
        proto, _ = tf2onnx.convert.from_function(
            function, signature, custom_op_handlers=dict(HANDLERS)
        )
    except Exception as error:  # it raises whatever its handlers come upon
        raise refused("ONNX", name, error) from error
    operations = list(_lacking(proto.graph))
    if operations:
        raise lacking("ONNX", name, operations)
    return proto


def _lacking(graph: Any) -> Iterator[str]:
    """Operations that none of ONNX came of, and so stand in its graph by their old names."""
    from onnx.defs import has

    for node in graph.node:
        if not has(node.op_type, node.domain):
            yield node.op_type
        for attribute in node.attribute:
            if attribute.HasField("g"):  # a branch, or the body of a loop
                yield from _lacking(attribute.g)


def _in_8_bits(proto: Any) -> Any:
    """Weights in 8 bits, each output channel by a scale of its own.

    Scales of what lies between layers come with the values: such that calibration images had fixed
    made nearly every model that was tried more wrong.
    """
    import onnx

    with _tools_path():
        from onnxruntime.quantization import QuantType, quantize_dynamic
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "model.onnx")
        quantize_dynamic(proto, target, weight_type=QuantType.QInt8, per_channel=True)
        return onnx.load(target)


@contextmanager
def _tools_path() -> Iterator[None]:
    """While entered, ONNX Runtime's tools may be imported.

    They look for each other where their folder puts itself among those of all modules, once. Left
    there, they would be found by names such as `float16` and `benchmark`.
    """
    before = list(sys.path)
    try:
        from onnxruntime import transformers

        sys.path.extend(transformers.__path__)
        yield
    finally:
        sys.path[:] = before
