"""Runs that are stopped and gone on with on the command line."""

from __future__ import annotations

import json
import signal

import pytest
from click.testing import CliRunner

import vaekit
from tests.resume.runs import ON_THE_LINE, result, resume
from vaekit.cli import main

pytestmark = pytest.mark.backend


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_within_a_step_saves_and_has_its_own_code(
    whole, tmp_path, monkeypatch, number, code
):
    steps = []

    def took(self, count, seconds):
        steps.append(count)
        if sum(steps) >= 8:
            signal.raise_signal(number)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("vaekit.engine.pace.Pace.took", took)
    done = CliRunner().invoke(main, [*ON_THE_LINE, "--epochs", "3"])
    assert done.exit_code == code, done.output
    assert "Go on with: vaekit resume run" in done.output
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (record["status"], record["stopped_by"]) == ("interrupted", number.name)
    assert record["training"]["steps_done"] == sum(steps)
    monkeypatch.undo()
    assert result(resume(tmp_path / "run")) == result(whole)


def test_a_second_signal_ends_at_once_with_its_own_code(tmp_path, monkeypatch):
    def took(self, count, seconds):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        pytest.fail("it went on")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("vaekit.engine.pace.Pace.took", took)
    done = CliRunner().invoke(main, ON_THE_LINE)
    assert done.exit_code == 143
    assert "stopped at once" in done.output
    assert not (tmp_path / "run").exists()  # nothing had been saved yet


def test_the_line_takes_what_it_says(whole, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for cadence in ("7", "0steps", "soon"):
        done = CliRunner().invoke(main, [*ON_THE_LINE, "--checkpoint-every", cadence])
        assert done.exit_code == 2
        assert f"--checkpoint-every can't be '{cadence}': say how often as" in done.output
    for alone, says in (("--resume", "--out DIR"), ("--allow-change=seed", "add --resume")):
        done = CliRunner().invoke(main, ["train", "--data", "digits", alone])
        assert (done.exit_code, says in done.output) == (2, True)
    assert CliRunner().invoke(main, [*ON_THE_LINE, "--resume", "--epochs", "1"]).exit_code == 0
    done = CliRunner().invoke(main, ["debug-step", "run"])
    assert (done.exit_code, done.output) == (
        2,
        "vaekit: run has no step to debug: it didn't diverge.\n",
    )
    done = CliRunner().invoke(main, [*ON_THE_LINE, "--resume", "--seed", "1", "--epochs", "2"])
    assert done.exit_code == 2
    assert "  seed: was 0, is 1\n" in done.output
    for more in (["--from", "step-000000005", "--epochs", "2"], ["--epochs", "3"]):
        done = CliRunner().invoke(main, ["resume", "run", *more])
        assert done.exit_code == 0, done.output
    assert result(vaekit.load("run")) == result(whole)
