"""A process that has Keras and nothing else: what is saved has to open there."""

from __future__ import annotations

import atexit
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

# Neither vaekit nor the part's own package can be imported there, as if they weren't installed.
_CODE = """
import json, os, sys
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what a library prints is no answer
import keras, numpy
for line in sys.stdin:
    absent, models = json.loads(line)
    for name in absent:
        sys.modules.setdefault(name, None)
    failure = ""
    try:
        for path, inputs in models:
            model = keras.saving.load_model(path, compile=False)
            outputs = keras.tree.flatten(model(numpy.load(inputs), training=False))
            numpy.savez(path + ".npz", *map(keras.ops.convert_to_numpy, outputs))
    except Exception as error:
        # Keras tells every layer of its loading; the last is the one that failed.
        failure = str(error).split("Exception encountered: ")[-1].split(" Full object config")[0]
    print(json.dumps(failure), file=answers, flush=True)
"""


def open_models(models: Sequence[tuple[Path, Path]], package: str) -> str:
    """Open saved models and call each on inputs saved as .npy; outputs go to `MODEL.npz`.

    One process serves all calls: starting Keras takes seconds, and it never meets the objects that
    the models were saved from.

    package: of the part, to be kept out.

    Returns the error that this ends in, or an empty text.
    """
    process = _process()
    paths = [[str(path.absolute()) for path in pair] for pair in models]
    try:
        process.stdin.write(json.dumps([["vaekit", package], paths]) + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
    except BrokenPipeError:
        answer = ""
    if not answer:
        _process.cache_clear()
        return f"the process ended with code {process.wait()}"
    failure: str = json.loads(answer)
    return failure


@cache
def _process() -> Any:
    process = subprocess.Popen(
        [sys.executable, "-c", _CODE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=tempfile.gettempdir(),  # where no package of the author's lies about
    )
    atexit.register(process.communicate)  # it ends with its input
    return process
