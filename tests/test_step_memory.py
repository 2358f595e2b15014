"""What `--accumulate` and `--remat` save of a step's memory, each case in a process of its own."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parent.parent / "benchmarks" / "large_images.py"
# Of what an image takes in a plain step, at most. On a processor JAX's compiler undoes `--remat`.
SHARES = {"accumulate 4": 0.6, "remat": 0.8}
UNDONE = [("jax", "remat")]


def bytes_of_an_image(backend: str, options: str) -> float:
    """By how much the peak of 32 images of 128x128 is above that of 16, for each."""
    case = {"who": backend, "options": options, "size": 128, "steps": 4}
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--case", json.dumps(case)],
        env={**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=True,
    )
    (said,) = [line for line in done.stdout.splitlines() if line.startswith("CASE ")]
    once, twice = json.loads(said.removeprefix("CASE "))["peaks"]
    return (twice - once) / 16


@pytest.mark.parametrize("backend", ["tensorflow", "torch", "jax"])
def test_both_take_less_than_a_plain_step(backend: str) -> None:
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} isn't installed")
    plain = bytes_of_an_image(backend, "plain")
    for options, most in SHARES.items():
        if (backend, options) not in UNDONE:
            assert 0 < bytes_of_an_image(backend, options) < most * plain
