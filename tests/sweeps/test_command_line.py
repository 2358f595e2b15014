"""`vaekit sweep` and `vaekit train --seeds`."""

from __future__ import annotations

import re
import signal

import pytest
from click.testing import CliRunner

import vaekit
from tests.sweeps.files import RUN, written
from vaekit.cli import main
from vaekit.sweeps.worker import Outcome

LINE = [
    "train",
    *(word for name, value in RUN.items() for word in (f"--{name.replace('_', '-')}", str(value))),
    "--steps-per-call",
    "1",
    "--no-figures",
    "--out",
    "out",
]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_the_best_are_listed_with_the_command_that_trains_them(tmp_path, monkeypatch):
    values = {2: -3.0, 3: -1.0, 4: -2.0}
    monkeypatch.setattr(
        "vaekit.sweeps.worker._outcome",
        lambda store, claim, data: Outcome("complete", values[claim.values["latent_dim"]], 2),
    )
    written(tmp_path, axes={"latent_dim": [2, 3, 4]})
    done = CliRunner().invoke(main, ["sweep", "sweep.toml", "--metric", "val_elbo"])
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert [line.split()[:2] for line in lines[4:8]] == [
        ["val_elbo", "epochs"],
        ["trial-001", "-1"],
        ["trial-002", "-2"],
        ["trial-000", "-3"],
    ]
    assert lines[9:] == [
        "3 trials in runs/sweep: 3 complete, 0 pruned, 0 failed, 0 left.",
        "The best again: vaekit train --encoder small --decoder small --data digits --limit 64 "
        "--batch-size 32 --epochs 2 --loss beta --kernels stock --latent-dim 3",
        "All side by side: vaekit compare runs/sweep",
    ]


def test_no_complete_trial_is_no_success(tmp_path, monkeypatch):
    monkeypatch.setattr("vaekit.sweeps.worker._outcome", lambda *_: Outcome("failed", why="No."))
    written(tmp_path)
    done = CliRunner().invoke(main, ["sweep", "sweep.toml"])
    assert done.exit_code == 1
    assert "latent_dim=3: No.\n" in done.output
    assert "2 trials in runs/sweep: 0 complete, 0 pruned, 2 failed, 0 left." in done.output


def test_a_signal_has_its_own_code_and_it_is_said_how_to_go_on(tmp_path, monkeypatch):
    def outcome(*_):
        signal.raise_signal(signal.SIGTERM)
        return Outcome(None)

    monkeypatch.setattr("vaekit.sweeps.worker._outcome", outcome)
    written(tmp_path)
    done = CliRunner().invoke(main, ["sweep", "sweep.toml", "--out", "my runs"])
    assert done.exit_code == 143
    assert "Stopped by SIGTERM. Go on with: vaekit sweep sweep.toml --out 'my runs'" in done.output


def test_seeds_are_trained_one_by_one_and_compared(monkeypatch):
    steps = []

    def took(self, count, seconds):
        steps.append(count)
        if sum(steps) == 6:  # within the second seed
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr("vaekit.engine.pace.Pace.took", took)
        cut = CliRunner().invoke(main, [*LINE, "--seeds", "3,5"])
    assert cut.exit_code == 130, cut.output
    assert "Go on with the same command, with --resume and --out out." in cut.output
    again = CliRunner().invoke(main, [*LINE, "--seeds", "3,5"])
    assert again.exit_code == 2
    assert "out/seed-3 holds a run already" in again.output
    done = CliRunner().invoke(main, [*LINE, "--seeds", "3,5", "--resume"])
    assert done.exit_code == 0, done.output
    assert [(run.path.name, run.state, run.seed) for run in vaekit.runs("out")] == [
        ("seed-3", "complete", 3),
        ("seed-5", "complete", 5),
    ]
    assert re.search(r"^elbo \(nats\) +-?[0-9.]+ \+- [0-9.]+", done.output, re.MULTILINE)
    assert done.output.endswith("Saved in out: 2 runs.\n")


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--seeds", "0,a"], "--seeds 0,a is no list of seeds like 0,1,2."),
        (["--seeds", "1,1"], "--seeds 1,1 has a seed twice."),
        (["--seeds", "0,1", "--seed", "3"], "--seeds doesn't go with --seed"),
    ],
)
def test_seeds_that_can_not_be_are_a_sentence(more, sentence):
    done = CliRunner().invoke(main, [*LINE, *more])
    assert done.exit_code == 2
    assert sentence in done.output
