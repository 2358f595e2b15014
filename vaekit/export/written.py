"""Parts written in a format and held against Keras at once."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from vaekit.export.formats import FORMATS, Arrays, Format
from vaekit.export.formats.base import refused
from vaekit.export.on_tensorflow import Job, on_tensorflow
from vaekit.export.part import Part
from vaekit.export.tolerance import Difference, difference, refuse_difference
from vaekit.startup.quiet import converters_unsaid, retracing_unsaid

Differences = dict[str, Difference]


def write_parts(
    parts: Mapping[str, Part], form: Format, folder: Path, quantize: str | None = None
) -> dict[str, Differences]:
    """Write parts into a folder, a file named as each; how each output differs from Keras's.

    Both are run on the same real inputs: all of them at once, and the first one alone.

    Raises `UserError` where libraries are missing, the format or its runtime lacks an operation,
    or an output differs by more than its precision explains. What was written then stays.
    """
    form.refuse_missing()
    with tempfile.TemporaryDirectory() as exchange:
        jobs = []
        for name, part in parts.items():
            _save(Path(exchange, f"{name}.npz"), part.inputs)
            arguments = {
                "form": form.name,
                "names": [list(part.inputs), list(part.outputs)],
                "stem": str(folder / name),
                "exchange": str(Path(exchange, name)),
                "quantize": quantize,
            }
            jobs.append(Job(write_and_run, part.model, arguments))
        on_tensorflow(jobs)
        return {
            name: _differences(name, part, form, quantize, Path(exchange, name))
            for name, part in parts.items()
        }


def write_and_run(
    model: keras.Model,
    *,
    form: str,
    names: list[list[str]],
    stem: str,
    exchange: str,
    quantize: str | None,
) -> None:
    """A job: write a model, and what its runtime makes of real inputs.

    exchange: the path, without an ending, of the inputs and of what is written.
    """
    chosen, place = FORMATS[form], Path(stem)
    whole = _saved(Path(f"{exchange}.npz"))
    with converters_unsaid():
        chosen.write(model, names[0], names[1], place, quantize)
        try:
            run = chosen.open(place)
            for what, feeds in (("all", whole), ("one", {k: v[:1] for k, v in whole.items()})):
                _save(Path(f"{exchange}.{what}.npz"), run(feeds))
        except Exception as error:  # runtimes' errors have no base class of their own
            raise refused(f"The runtime of {chosen.title}", place.name, error) from error


def _differences(
    name: str, part: Part, form: Format, quantize: str | None, exchange: Path
) -> Differences:
    precision = quantize or "float32"
    expected = _of_keras(part)
    told: Differences = {}
    results = {what: _saved(Path(f"{exchange}.{what}.npz")) for what in ("all", "one")}
    for (output, measure), exact in zip(part.outputs.items(), expected, strict=True):
        both = np.concatenate([results["all"][output], results["one"][output]])
        twice = np.concatenate([exact, exact[:1]])
        told[output] = difference(twice, both, measure, precision, chooses=part.chooses)
        what = f"As {form.title}, {name} gives {output}"
        refuse_difference(told[output], len(twice), what, precision)
    return told


def _of_keras(part: Part) -> list[np.ndarray]:
    values = list(part.inputs.values())
    with retracing_unsaid():
        outputs = part.model.predict_on_batch(values if len(values) > 1 else values[0])
    outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
    return [np.asarray(output) for output in outputs]


def _save(path: Path, arrays: Arrays) -> None:
    values: dict[str, Any] = dict(arrays)
    np.savez(path, **values)


def _saved(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as file:
        return dict(file)
