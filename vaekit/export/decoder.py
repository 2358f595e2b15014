"""The decoder of a run, for runtimes that know nothing of vaekit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vaekit.export.onnx import OnnxModel, export_onnx
from vaekit.startup import with_keras_defaults

if TYPE_CHECKING:
    from vaekit.run import Run


@with_keras_defaults
def export_decoder(run: Run, z: np.ndarray, labels: np.ndarray | None = None) -> OnnxModel:
    """The decoder as ONNX: `z` `(N, *latent_shape)` -> `images` `(N, H, W, C)`, as means.

    With a condition it takes `labels` `(N, 1)`, int32, too.

    z: real ones, by which it is checked, such as `Run.latents` gives. labels: the class of each.

    Raises `UserError` as `export_onnx` does.
    """
    inputs = {"z": np.asarray(z, "float32")}
    if run.takes_labels:
        inputs["labels"] = np.asarray(labels, "int32")[:, None]
    return export_onnx(run.model.decoder, inputs, ("images",))
