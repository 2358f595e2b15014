"""What ends all workers at once: one that is killed, and a loss that is no longer finite."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import pytest

import vaekit
from tests.workers.processes import NETS, ROOT, environment, free_port
from tests.workers.ray_runs import digest
from vaekit.run_directory import RunDirectory

pytestmark = pytest.mark.slow

EPOCHS, STEPS = 30, 300


def started(out: Path, backend: str, *more: str) -> list[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "vaekit", "--plugin", NETS, "train", "--resume"]
    parts = ["--encoder", "small", "--decoder", "small", "--data", "mnist-sample", "--no-figures"]
    sizes = ["--limit", "320", "--epochs", str(EPOCHS), "--batch-size", "32", "--step-log"]
    port = free_port()
    return [
        subprocess.Popen(
            [*command, *parts, *sizes, "--checkpoint-every", "7steps", "--out", str(out), *more],
            cwd=ROOT,
            env=environment(rank, 2, port, KERAS_BACKEND=backend),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]


def ended(processes: list[subprocess.Popen[str]]) -> list[int]:
    codes = []
    for process in processes:
        process.communicate(timeout=900)
        codes.append(process.returncode)
    return codes


def steps_in(log: Path) -> int:
    return log.read_bytes().count(b"\n") - 1 if log.exists() else 0


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_killed_at_five_moments(backend: str, tmp_path: Path) -> None:
    pytest.importorskip(backend)
    assert ended(started(tmp_path / "uncut", backend)) == [0, 0]
    out = tmp_path / "killed"
    draw = random.Random(backend)
    waits = []
    for number, at in enumerate(sorted(draw.sample(range(1, STEPS - 20), 5))):
        processes = started(out, backend)
        before = steps_in(out / "steps.csv")
        while not at <= (now := steps_in(out / "steps.csv")) != before:
            assert all(process.poll() is None for process in processes), now
            time.sleep(0.02)
        which = number % 2
        os.kill(processes[which].pid, signal.SIGKILL)
        began = time.monotonic()
        codes = ended(processes)
        waits.append((now, which, round(time.monotonic() - began, 1)))
        assert codes[which] == -signal.SIGKILL
        assert codes[1 - which] not in (0, None)
    assert ended(started(out, backend)) == [0, 0]
    print("After so many steps, this worker was killed; the other ended after:", waits)
    assert digest(out) == digest(tmp_path / "uncut")
    assert (out / "steps.csv").read_bytes() == (tmp_path / "uncut" / "steps.csv").read_bytes()


@pytest.mark.backend
def test_all_see_that_it_diverged(tmp_path: Path) -> None:
    out = tmp_path / "run"
    processes = started(out, keras.backend.backend(), "--learning-rate", "1e18")
    errors = [process.communicate(timeout=900)[1] for process in processes]
    assert [process.returncode for process in processes] == [2, 2], errors
    for error in errors:
        assert "vaekit: Training diverged" in error
    assert (out / "diverged" / "step.json").exists()
    assert RunDirectory(out).read_record().status == "failed"
    assert vaekit.debug_step(out).step is not None
