"""Models in the files of other runtimes, each held against Keras before anyone gets it."""

from vaekit.export.decoder import export_decoder
from vaekit.export.formats import FORMATS
from vaekit.export.onnx import OnnxModel, export_onnx
from vaekit.export.run_export import Export, export_run

__all__ = ["FORMATS", "Export", "OnnxModel", "export_decoder", "export_onnx", "export_run"]
