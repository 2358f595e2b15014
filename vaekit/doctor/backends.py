"""Whether each of Keras's backends trains, tried in a process of its own."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from vaekit.doctor.finding import Finding
from vaekit.startup import BACKENDS, UNSTARTED

SECONDS = 180  # a cold start of TensorFlow from a slow disk takes a minute


def examine_backends() -> Iterator[Finding]:
    """A finding for each backend; only TensorFlow has to be there."""
    for name in BACKENDS:
        if importlib.util.find_spec(name) is None:
            yield Finding("backend", name, "absent", "not installed", _install(name))
        else:
            yield _probe(name)


def _probe(name: str) -> Finding:
    environment = {**os.environ, "KERAS_BACKEND": name, "VAEKIT_DISABLE_PLUGINS": "1"}
    command = [sys.executable, "-m", "vaekit.doctor.probe"]
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return _broken(name, f"two training steps took over {SECONDS} s")
    if done.returncode < 0:
        return _broken(name, f"crashed with signal {-done.returncode}")
    if done.returncode:
        return _failed(name, _last_line(done.stderr) or f"ended with code {done.returncode}")
    told: dict[str, Any] = json.loads(_last_line(done.stdout))
    if not all(math.isfinite(loss) for loss in told["losses"]):
        return _broken(name, f"gave the losses {told['losses']}")
    return Finding("backend", name, "ok", f"trains on {', '.join(told['devices'])}")


def _failed(name: str, detail: str) -> Finding:
    """A probe that ended with an error: what doesn't start is installed anew, and only that."""
    if UNSTARTED in detail:
        return _broken(name, detail)
    remedy = f"KERAS_BACKEND={name} {sys.executable} -m vaekit.doctor.probe shows where"
    return Finding("backend", name, "broken", detail, remedy)


def _broken(name: str, detail: str) -> Finding:
    return Finding("backend", name, "broken", detail, f"install it anew: {_install(name)}")


def _install(name: str) -> str:
    return f"pip install '{name if name == 'tensorflow' else f'vaekit[{name}]'}'"


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[-1]
