"""Whether each of Keras's backends trains, tried in a process of its own."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from vaekit.doctor.environment import Finding
from vaekit.errors import why_ended
from vaekit.startup import BACKENDS, UNSTARTED, select_backend, with_keras_defaults
from vaekit.wording import install_text

SECONDS = 180  # a cold start of TensorFlow from a slow disk takes a minute
_CHILD = "from vaekit.doctor.backends import print_training; print_training()"


def examine_backends() -> Iterator[Finding]:
    """A finding for each backend; only TensorFlow has to be there."""
    for name in BACKENDS:
        if importlib.util.find_spec(name) is None:
            yield Finding("backend", name, "absent", "not installed", _install(name))
        else:
            yield _try_training(name)


@with_keras_defaults
def print_training() -> None:
    """In the child process: train two steps on noise, and print devices and losses as JSON."""
    select_backend(None)  # the parent chose it, by KERAS_BACKEND

    import numpy as np

    from vaekit.config import TrainConfig
    from vaekit.engine import Blueprint, compile_train
    from vaekit.model import resolve_parts
    from vaekit.plugins import discover
    from vaekit.run import describe_environment

    config = TrainConfig()
    parts = resolve_parts(config, discover().registry)
    program = Blueprint(config, parts, (8, 8, 1), dataset_size=8).program()
    images = np.random.default_rng(0).integers(0, 256, (8, 8, 8, 1), dtype="uint8")
    block = np.tile(np.arange(8, dtype="int32"), (2, 1))
    rows = compile_train(program, images)(block)
    losses = rows[:, program.columns.names.index("loss")] / len(images)
    devices = describe_environment()["machine"]["devices"]
    print(json.dumps({"devices": devices, "losses": [float(loss) for loss in losses]}))


def _try_training(name: str) -> Finding:
    environment = {**os.environ, "KERAS_BACKEND": name, "VAEKIT_DISABLE_PLUGINS": "1"}
    command = [sys.executable, "-c", _CHILD]
    try:
        child = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return _broken(name, f"two training steps took over {SECONDS} s")
    if child.returncode < 0:  # it crashed before Python could say why
        return _broken(name, why_ended(child.returncode, child.stderr).removesuffix("."))
    if child.returncode:
        return _failed(name, why_ended(child.returncode, child.stderr).removesuffix("."))
    training: dict[str, Any] = json.loads(child.stdout.strip().splitlines()[-1])
    if not all(math.isfinite(loss) for loss in training["losses"]):
        return _broken(name, f"gave the losses {training['losses']}")
    return Finding("backend", name, "ok", f"trains on {', '.join(training['devices'])}")


def _failed(name: str, detail: str) -> Finding:
    """A probe that ended with an error: what doesn't start is installed anew, and only that."""
    if UNSTARTED in detail:
        return _broken(name, detail)
    command = shlex.join([sys.executable, "-c", _CHILD])
    remedy = f"KERAS_BACKEND={name} {command} shows where"
    return Finding("backend", name, "broken", detail, remedy)


def _broken(name: str, detail: str) -> Finding:
    return Finding("backend", name, "broken", detail, f"install it anew: {_install(name)}")


def _install(name: str) -> str:
    return install_text(name if name == "tensorflow" else f"vaekit[{name}]")
