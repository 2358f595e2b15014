"""The formats, by name: each knows how it is written and run."""

from vaekit.export.formats.base import Arrays, Format, Runner
from vaekit.export.formats.litert import LiteRT
from vaekit.export.formats.onnx import Onnx
from vaekit.export.formats.openvino import OpenVino
from vaekit.export.formats.saved_model import SavedModel

FORMATS: dict[str, Format] = {one.name: one for one in (Onnx(), LiteRT(), SavedModel(), OpenVino())}

__all__ = ["FORMATS", "Arrays", "Format", "Runner"]
