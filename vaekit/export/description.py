"""`export.json`: all that a stranger to vaekit needs to know of exported models."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
import numpy as np

from vaekit.checkpoint import describe_file
from vaekit.export.formats import Format
from vaekit.export.part import Part
from vaekit.export.written import Differences
from vaekit.run import HeldOut, Run, weights_digest


def describe_run(run: Run) -> dict[str, Any]:
    """What was exported, and how its images are to be given."""
    record, config = run.record, run.config
    return {
        "run": {
            "name": run.path.resolve().name,
            "weights_sha256": weights_digest(run.model),
            "data_fingerprint": record.data.fingerprint,
            "parts": {kind: part.model_dump(mode="json") for kind, part in record.parts.items()},
            "latent_shape": list(run.latent_shape),
            "backend": record.backend,
        },
        "images": {
            "shape": ["N", *run.image_shape],
            "type": "float32",
            "range": [0, 1],
            "black": 0,
            "white": dict(run.scale),
            "rule": "divide an image by what is white in its type, and store it as float32",
            "resized": record.data.resized,
            "gray": config.gray,
            "binarize": config.binarize,
        },
        "classes": record.data.class_names,
        "labels": (
            {"type": "int32", "shape": ["N", 1], "range": [0, record.data.condition_classes - 1]}
            if record.data.condition_classes
            else None
        ),
    }


def describe_part(part: Part, form: Format, stem: Path, differences: Differences) -> dict[str, Any]:
    """One part: its values by name, how far they are from Keras's, its files, an example.

    Paths are relative to the folder of `stem`.
    """
    shapes = dict(zip(part.inputs, part.model.inputs, strict=True))
    outputs = dict(zip(part.outputs, part.model.outputs, strict=True))
    file = form.path(stem)
    return {
        "file": file.name,
        "inputs": {name: _value(tensor) for name, tensor in shapes.items()},
        "outputs": {
            name: {
                **_value(tensor),
                "largest_difference": differences[name].largest,
                "allowed_difference": differences[name].allowed,
                **({"images_of_other_codes": differences[name].others} if part.chooses else {}),
            }
            for name, tensor in outputs.items()
        },
        **part.about,
        "files": {
            path.relative_to(stem.parent).as_posix(): describe_file(path)._asdict()
            for path in form.files(stem)
        },
        **form.about(stem),
        "example": example(part, form, file.name),
    }


def describe_check(held_out: HeldOut, count: int) -> dict[str, Any]:
    """What the differences were measured on."""
    return {
        "against": f"Keras on {keras.backend.backend()}",
        "images": count,
        "of": held_out.split,
        "source": held_out.source,
        "batch_sizes": [count, 1],
    }


def versions(form: Format) -> dict[str, str]:
    """Of vaekit, and of what wrote and checked the files."""
    return {"vaekit": version("vaekit"), **form.versions()}


def example(part: Part, form: Format, path: str) -> str:
    """Three lines that run a part's file."""
    return form.example(path, {name: _made(v) for name, v in part.inputs.items()}, [*part.outputs])


def _made(values: np.ndarray) -> str:
    """An expression that makes an input of one image."""
    return f'np.zeros({(1, *values.shape[1:])}, "{values.dtype}")'


def _value(tensor: Any) -> Mapping[str, Any]:
    return {
        "shape": ["N", *tensor.shape[1:]],
        "type": keras.backend.standardize_dtype(tensor.dtype),
    }
