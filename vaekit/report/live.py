"""The decoder of a run for its page, which the reader's browser runs."""

from __future__ import annotations

import base64
import gzip
import math
from importlib.resources import files
from typing import Any

from vaekit.data import take
from vaekit.errors import UserError
from vaekit.export import OnnxModel, export_decoder
from vaekit.run import HeldOut, Run
from vaekit.wording import worded

_MOST_BYTES = 100_000_000  # of weights, which make as large a page
_CHECKED = 64  # images by which the export is held against Keras


def page_decoder(run: Run, held_out: HeldOut) -> OnnxModel:
    """The decoder for a page, held against Keras on z of held-out images.

    Raises `UserError` where there are none, the decoder is too large for a page, or it can't be
    exported.
    """
    _refuse_large(run)
    images = take(held_out.images, slice(_CHECKED))
    if not len(images.pixels):
        raise UserError(
            f"{run.path} has no held-out images, by which the decoder of a page is checked: name "
            "a data source that has some."
        )
    return export_decoder(run, run.latents(images), images.labels)


def decoder_values(decoder: OnnxModel) -> dict[str, Any]:
    """What `live.html` names: the decoder and the runtime, packed, and how far it is from Keras."""
    runtime = files("vaekit.page").joinpath("vendor/ort-wasm-simd-threaded.wasm.gz").read_bytes()
    return {
        "decoder": _text(gzip.compress(decoder.content, mtime=0)),
        "runtime": _text(runtime),
        "difference": decoder.difference,
    }


def _refuse_large(run: Run) -> None:
    size = 4 * sum(math.prod(weight.shape) for weight in run.model.decoder.weights)
    if size > _MOST_BYTES:
        raise UserError(
            f"The decoder of {run.path} has {size / 1e6:,.0f} MB of weights, and a page takes "
            f"{_MOST_BYTES / 1e6:.0f} MB: "
            + worded(f"vaekit explore {run.path}", "Run.explore()")
            + " decodes by the run itself."
        )


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
