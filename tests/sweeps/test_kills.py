"""Sweeps whose processes are killed: every trial is there once."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import optuna
import pytest

import vaekit
from tests.sweeps.files import sweep_of, written
from tests.sweeps.killed import SWEEPS

ROOT = Path(__file__).parents[2]
NETS = ROOT / "tests" / "small_nets.py"


@pytest.mark.parametrize(
    ("first", "by"), [(3, 9), *(pytest.param(n, 3, marks=pytest.mark.slow) for n in (1, 2, 3))]
)
def test_killed_at_one_moment_after_another_it_ends_with_each_trial_once(tmp_path, first, by):
    words = [sys.executable, "-m", "tests.sweeps.killed", str(tmp_path), str(first), str(by)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    for line in done.stdout.splitlines():
        sampler, killed = line.split()
        assert int(killed) >= 3
        study = optuna.load_study(
            study_name=None, storage=f"sqlite:///{tmp_path}/{sampler}/sweep.db"
        )
        assert [trial.number for trial in study.trials] == [0, 1, 2, 3]
        assert [trial.value for trial in study.trials] == [0.0, 1.0, 2.0, 3.0]
        assert len({str(trial.params) for trial in study.trials}) == 4
        assert all(len(trial.params) == 2 for trial in study.trials)
    assert len(done.stdout.splitlines()) == len(SWEEPS)


def _command(folder, *more):
    words = [sys.executable, "-m", "vaekit", "--plugin", str(NETS), "sweep", "sweep.toml"]
    return subprocess.Popen(
        [*words, "--out", "out", *more],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _until(holds, process, seconds=300):
    end = time.monotonic() + seconds
    while not holds():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)


@pytest.mark.slow
def test_a_real_sweep_is_killed_and_two_processes_go_on(tmp_path):
    changes = {"run": {"epochs": 3, "checkpoint_every": "1steps"}, "axes": {"seed": [0, 1, 2, 3]}}
    written(tmp_path, **changes)
    process = _command(tmp_path)
    history = tmp_path / "out" / "trial-001" / "history.csv"
    _until(history.exists, process)  # within the second trial
    process.kill()
    process.communicate()
    states = [run.state for run in vaekit.runs(tmp_path / "out")]
    assert states[0] == "complete"
    process = _command(tmp_path, "--jobs", "2")
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    told = re.findall(r"(trial-\d+) complete:", out)
    assert sorted(told) == ["trial-001", "trial-002", "trial-003"]
    assert "4 trials in out: 4 complete, 0 pruned, 0 failed, 0 left." in out
    whole = vaekit.sweep(sweep_of(**changes), out=tmp_path / "whole", progress=False)
    values = {trial.name: trial.value for trial in whole.trials}
    for run in vaekit.runs(tmp_path / "out"):
        assert run.best["elbo"] == values[run.path.name]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_workers_end_with_the_process_that_started_them(tmp_path, number):
    written(tmp_path, run={"epochs": 1000}, axes={"seed": [0, 1]})
    process = _command(tmp_path, "--jobs", "2")
    claims = tmp_path / "out" / ".claims"
    histories = [tmp_path / "out" / f"trial-00{at}" / "history.csv" for at in (0, 1)]
    _until(lambda: all(history.exists() for history in histories), process)
    process.send_signal(number)
    out, _ = process.communicate(timeout=120)
    assert process.returncode == (130 if number == signal.SIGINT else -number)
    end = time.monotonic() + 120
    while claims.exists():  # which each worker gives back when it ends
        assert time.monotonic() < end, "a worker outlived its parent"
        time.sleep(0.1)
    runs = vaekit.runs(tmp_path / "out")
    by = "SIGINT" if number == signal.SIGINT else "SIGTERM"
    assert [(run.state, run.why) for run in runs] == [("interrupted", f"by {by}")] * 2
    if number == signal.SIGINT:
        assert f"Go on with: vaekit sweep --plugin {NETS} sweep.toml --out out --jobs 2" in out
