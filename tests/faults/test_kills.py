"""A process killed at any moment leaves a run that loads, or none."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.faults.forks import serving
from tests.faults.killed_save import SAVES, state
from vaekit.checkpoint import damages, latest_checkpoint, read_checkpoint
from vaekit.errors import RunError
from vaekit.run import verify_run

TRAIN = [
    *("train", "--data", "digits", "--limit", "24", "--batch-size", "4", "--epochs", "3"),
    *("--encoder-opt", "width=4", "--decoder-opt", "width=4", "--out", "run"),
    *("--checkpoint-every", "2steps", "--step-log"),
]


def save(folder, number):
    folder.mkdir()
    command = [sys.executable, "-m", "tests.faults.killed_save", str(folder), str(number)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_a_kill_at_each_call_of_a_save_leaves_a_whole_checkpoint(tmp_path):
    calls = int(save(tmp_path / "uncut", 0).stdout)
    assert calls > 20 * SAVES
    for number in range(1, calls + 1):
        folder = tmp_path / str(number)
        assert save(folder, number).returncode == -signal.SIGKILL
        saved = read_checkpoint(latest_checkpoint(folder))
        expected = state(saved.position.steps)
        for (_, a), (_, b) in zip(saved.arrays, expected.arrays, strict=True):
            np.testing.assert_array_equal(a, b)
        assert list(damages(folder)) == []
    print(f"{calls} of {calls} kills at a file-system call of a save left a whole checkpoint")


def looked_at(folder):
    """Whether there is a run; it must be whole if there is."""
    run = folder / "run"
    if not (run / "run.json").exists():
        return "none"
    assert verify_run(run) == [], verify_run(run)
    try:
        path = latest_checkpoint(run / "checkpoints")
    except RunError:
        return "before the first"
    assert read_checkpoint(path).position.steps > 0
    return "loadable"


@pytest.mark.parametrize(("backend", "kills"), [("torch", 70), ("tensorflow", 30)])
def test_real_training_killed_at_random_moments(tmp_path, backend, kills):
    generator, found = random.Random(0), []
    with serving(backend) as server:
        (tmp_path / "uncut").mkdir()
        began = time.monotonic()
        code, out = server.run(*TRAIN, folder=tmp_path / "uncut")
        assert code == 0, out
        lasts = time.monotonic() - began
        for number in range(kills):
            folder = tmp_path / str(number)
            folder.mkdir()
            job = server.start(*TRAIN, folder=folder)
            # Most of the time is spent before the first step; half of the kills come after that.
            if number % 2:
                wait_for(folder / "run" / "checkpoints" / "latest", 10 * lasts + 30)
                time.sleep(generator.uniform(0, lasts / 4))
            else:
                time.sleep(generator.uniform(0, lasts))
            job.signal(signal.SIGKILL)
            job.wait()
            found.append(looked_at(folder))
            print(f"{backend}: kill {number + 1}: {found[-1]}", flush=True)
    print(f"{backend}: {kills} kills: " + str({name: found.count(name) for name in set(found)}))
    assert found.count("loadable") >= kills / 4


def test_real_training_killed_at_calls_to_the_file_system(tmp_path):
    generator, found = random.Random(1), []
    with serving("torch") as server:
        for number in range(60):
            folder = tmp_path / str(number)
            folder.mkdir()
            code, out = server.run(*TRAIN, folder=folder, kill_call=generator.randint(1, 600))
            assert code in (0, -signal.SIGKILL), out
            found.append(looked_at(folder))
            print(f"at a call: kill {number + 1}: {found[-1]}", flush=True)
    print("at calls: " + str({name: found.count(name) for name in set(found)}))
    assert found.count("loadable") >= 30


def wait_for(path, seconds):
    ends = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < ends
        time.sleep(0.002)
