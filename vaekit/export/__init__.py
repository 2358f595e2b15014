"""Models in the files of other runtimes, each held against Keras before anyone gets it."""

from vaekit.export.decoder import export_decoder
from vaekit.export.onnx import OnnxModel, export_onnx

__all__ = ["OnnxModel", "export_decoder", "export_onnx"]
