"""Runs by Ray's workers, as a user starts them, and workers that are killed meanwhile."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil

from tests.workers.processes import NETS, ROOT

WORKER = "RayTrainWorker"


def command(out: Path, *more: str) -> list[str]:
    base = [sys.executable, "-m", "vaekit", "--plugin", NETS, "train", "--workers", "2"]
    parts = ["--encoder", "small", "--decoder", "small", "--data", "mnist-sample"]
    return [*base, *parts, "--no-figures", "--out", str(out), *more]


def started(backend: str, arguments: list[str], **more: str) -> subprocess.Popen[str]:
    quiet = {"OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "KERAS_BACKEND": backend}
    return subprocess.Popen(
        arguments,
        cwd=ROOT,
        env={**os.environ, **quiet, **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def trained(backend: str, arguments: list[str], **more: str) -> str:
    """What a run says that comes to its end."""
    process = started(backend, arguments, **more)
    out, err = process.communicate(timeout=1200)
    assert process.returncode == 0, (out, err)
    return out


def workers_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """The workers that Ray has started for a run on this machine alone."""
    below = psutil.Process(process.pid).children(recursive=True)
    found = []
    for child in below:
        try:
            if WORKER in " ".join(child.cmdline()):
                found.append(child)
        except psutil.Error:
            continue
    return found


def kill_one(process: subprocess.Popen[str], run: Path, steps: int, which: int) -> int:
    """SIGKILL a worker once so many steps are in `steps.csv`, and two train; how many there were.

    A run that has just lost one trains again when the log, which then lost the steps since the
    checkpoint, grows.
    """
    until = time.monotonic() + 900
    log, before = run / "steps.csv", 0
    while time.monotonic() < until and process.poll() is None:
        lines = log.read_bytes().count(b"\n") - 1 if log.exists() else 0
        workers = workers_of(process) if steps <= lines != before else []
        if len(workers) == 2 and before:
            os.kill(workers[which].pid, signal.SIGKILL)
            return lines
        before = lines
        time.sleep(0.05)
    raise AssertionError("It was over before it could be killed.")


def digest(run: Path) -> str:
    """Of the weights, and of all else that the last checkpoint holds, optimizer and noise too."""
    newest = max((run / "checkpoints").glob("*/state.npz"), key=lambda path: path.parent.name)
    total = hashlib.sha256()
    with np.load(newest) as arrays:
        for name in sorted(arrays.files):
            total.update(name.encode() + arrays[name].tobytes())
    return total.hexdigest()
