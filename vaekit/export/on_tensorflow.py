"""Functions of a Keras model run on TensorFlow: here, or in a child process that opens the model.

What converts models to other formats reads TensorFlow's graphs alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import keras

from vaekit.errors import UserError, VaekitError, why_ended

# The parent chooses the backend, by KERAS_BACKEND; it starts before anything imports Keras, so that
# its notices are no part of an error.
_CHILD = """
from vaekit.startup import select_backend
select_backend(None)
from vaekit.export.on_tensorflow import run_jobs
run_jobs()
"""
_JOBS, _REFUSAL = "jobs.json", "refusal.txt"


class Job(NamedTuple):
    """A call `function(model, **arguments)`, which gives nothing: it writes files.

    function: of a module, by its name. arguments: such as JSON holds.
    """

    function: Callable[..., None]
    model: keras.Model
    arguments: dict[str, Any]


def on_tensorflow(jobs: Sequence[Job]) -> None:
    """Do jobs one after the other, all in one process.

    Raises `UserError` as they do.
    """
    if keras.backend.backend() == "tensorflow":
        for job in jobs:
            job.function(job.model, **job.arguments)
        return
    with tempfile.TemporaryDirectory() as folder:
        described = []
        for number, job in enumerate(jobs):
            file = str(Path(folder, f"{number}.keras"))
            job.model.save(file)
            where = job.function.__module__, job.function.__qualname__
            described.append([*where, file, job.arguments])
        Path(folder, _JOBS).write_text(json.dumps(described), encoding="utf-8")
        ended = subprocess.run(
            [sys.executable, "-c", _CHILD, folder],
            env={**os.environ, "KERAS_BACKEND": "tensorflow"},
            capture_output=True,
            text=True,
            errors="replace",
        )
        if ended.returncode == UserError.exit_code:
            raise UserError(Path(folder, _REFUSAL).read_text(encoding="utf-8"))
        if ended.returncode:
            raise VaekitError(
                "The process that exports on TensorFlow failed: "
                f"{why_ended(ended.returncode, ended.stderr)}"
            )


def run_jobs() -> None:
    """In the child: the jobs of the folder that is its argument."""
    folder = Path(sys.argv[1])
    try:
        for module, name, file, arguments in json.loads(folder.joinpath(_JOBS).read_bytes()):
            model = keras.saving.load_model(file, compile=False)
            getattr(import_module(module), name)(model, **arguments)
    except UserError as error:
        folder.joinpath(_REFUSAL).write_text(str(error), encoding="utf-8")
        sys.exit(error.exit_code)
