"""Workers that Ray starts, loses, and starts again: minutes, most of them the start of backends."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

import vaekit
from tests.workers import ray_runs
from tests.workers.processes import free_port

pytestmark = pytest.mark.slow
pytest.importorskip("ray.train")

EPOCHS, STEPS = 30, 300
OPTIONS = ["--limit", "320", "--epochs", str(EPOCHS), "--batch-size", "32", "--step-log"]


@pytest.fixture(scope="module", params=["tensorflow", "jax", "torch"])
def backend(request: pytest.FixtureRequest) -> str:
    pytest.importorskip(request.param)
    return str(request.param)


@pytest.fixture(scope="module")
def uncut(backend: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A run that nothing happens to, and what it says."""
    out = tmp_path_factory.mktemp("uncut") / backend
    return out, ray_runs.trained(backend, ray_runs.command(out, *OPTIONS))


def test_it_looks_like_a_run_of_one(uncut: tuple[Path, str]) -> None:
    out, said = uncut
    lines = said.splitlines()
    assert lines[0].startswith("Read mnist-sample: 320 images")
    assert lines[-1] == f"Saved in {out}: models, history.csv and run.json."
    assert sum(line.startswith("epoch ") for line in lines) == EPOCHS
    assert not [line for line in lines if "ray" in line.lower() and str(out) not in line]
    (run,) = vaekit.runs(out.parent)
    assert run.state == "complete"


def test_killed_workers_are_replaced(backend: str, uncut: tuple[Path, str], tmp_path: Path) -> None:
    out = tmp_path / "run"
    process = ray_runs.started(backend, ray_runs.command(out, *OPTIONS, "--max-restarts", "9"))
    draw = random.Random(7)
    killed = []
    for number, at in enumerate(sorted(draw.sample(range(1, STEPS - 20), 5))):
        which = number % 2
        killed.append((ray_runs.kill_one(process, out, at, which), which))
    said, errors = process.communicate(timeout=1200)
    assert process.returncode == 0, (killed, said, errors)
    print("Killed after these steps, which worker:", killed)
    assert ray_runs.digest(out) == ray_runs.digest(uncut[0])
    assert (out / "steps.csv").read_bytes() == (uncut[0] / "steps.csv").read_bytes()


def test_lost_too_often(tmp_path: Path) -> None:
    out = tmp_path / "run"
    arguments = ray_runs.command(out, *OPTIONS, "--max-restarts", "0")
    process = ray_runs.started("torch", arguments)
    ray_runs.kill_one(process, out, 60, 1)
    _, errors = process.communicate(timeout=600)
    assert process.returncode == 1, errors
    assert "Workers were lost once, and no more is allowed" in errors
    assert f"go on with: vaekit resume {out}" in errors
    assert "Traceback" not in errors


def test_ctrl_c_stops_all_at_a_checkpoint(tmp_path: Path) -> None:
    out = tmp_path / "run"
    process = ray_runs.started("torch", ray_runs.command(out, *OPTIONS, "--epochs", "3000"))
    while not (out / "steps.csv").exists():
        time.sleep(0.1)
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    said, errors = process.communicate(timeout=600)
    assert process.returncode == 130, (said, errors)
    assert "Go on with: vaekit resume" in said


def _head() -> tuple[subprocess.Popen[bytes], str] | None:
    """A cluster of its own, with room for one worker, and its address; None if it didn't start."""
    port = free_port()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block"),
            *("--num-cpus", "1", "--include-dashboard", "false", "--disable-usage-stats"),
            *("--port", str(port), "--node-ip-address", "127.0.0.1"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout is not None
    if any(b"Ray runtime started" in line for line in process.stdout):
        return process, f"127.0.0.1:{port}"
    _end(process)
    return None


def _end(process: subprocess.Popen[bytes]) -> None:
    below = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    for child in below:
        child.kill()
    process.kill()
    process.wait(30)


@pytest.fixture
def head() -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    for _ in range(5):  # Ray gives up on a busy machine
        started = _head()
        if started is not None:
            yield started
            _end(started[0])
            return
    raise AssertionError("Ray's head didn't start.")


def test_no_room_ends_in_a_sentence(
    head: tuple[subprocess.Popen[bytes], str], tmp_path: Path
) -> None:
    arguments = ray_runs.command(tmp_path / "run", *OPTIONS, "--ray-address", head[1])
    process = ray_runs.started("torch", arguments, VAEKIT_JOIN_SECONDS="20")
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 2, errors
    assert "Of 2 workers, 0 had begun after 20 s. The cluster has 1 processors" in errors
    assert not (tmp_path / "run").exists()


def test_a_dead_head_ends_in_a_sentence(
    head: tuple[subprocess.Popen[bytes], str], tmp_path: Path
) -> None:
    arguments = ray_runs.command(tmp_path / "run", *OPTIONS, "--ray-address", head[1])
    process = ray_runs.started("torch", arguments)
    time.sleep(40)  # the workers are being started, or train
    for child in psutil.Process(head[0].pid).children(recursive=True):
        if "gcs_server" in child.name():
            os.kill(child.pid, signal.SIGKILL)
    began = time.monotonic()
    _, errors = process.communicate(timeout=120)
    assert time.monotonic() - began < 30
    assert process.returncode == 1, errors
    port = head[1].rpartition(":")[2]
    assert re.search(rf"vaekit: The head of the Ray cluster at \S+:{port} doesn't answer", errors)
