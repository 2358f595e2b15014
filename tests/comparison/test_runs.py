"""`vaekit runs`: what a folder holds, whatever state it is in."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

import vaekit
from tests.made_up_runs import change_record, copied
from vaekit.cli import main
from vaekit.run_directory.lock import Lock


def status(value, **more):
    return lambda record: record.update(status=value, **more)


@pytest.fixture
def folder(trained, tmp_path):
    """A run in each state."""
    run = trained / "elbo"
    copied(run, tmp_path / "complete")
    copied(run, tmp_path / "below" / "interrupted", status("interrupted", stopped_by="SIGTERM"))
    copied(run, tmp_path / "failed", status("failed", error="The loss became NaN."))
    copied(run, tmp_path / "killed", status("running"))
    copied(run, tmp_path / "running", status("running"))
    copied(run, tmp_path / "cut")
    (tmp_path / "cut" / "run.json").write_text('{"format": 2, "sta')
    copied(run, tmp_path / "flipped")
    shutil.copy(run / "manifest.json", tmp_path / "flipped")
    (tmp_path / "flipped" / "run.json").write_text((run / "run.json").read_text() + " ")
    copied(run, tmp_path / "history")
    (tmp_path / "history" / "history.csv").write_bytes(b"epoch,val_elbo\n1,\xff\n")
    copied(
        run,
        tmp_path / "kinds",
        lambda record: record["training"].update(last_epoch={"epoch": "x"}, best=None),
    )
    copied(run, tmp_path / "later", lambda record: record.update(format=3))
    copied(run, tmp_path / "option", lambda record: record["config"].update(warp=9))
    (tmp_path / "no run").mkdir()
    lock = Lock(tmp_path / "running")
    lock.acquire()
    yield tmp_path
    lock.release()


STATES = {
    "complete": "complete",
    "interrupted": "interrupted",
    "failed": "failed",
    "killed": "interrupted",
    "running": "running",
    "cut": "damaged",
    "flipped": "damaged",
    "history": "damaged",
    "kinds": "damaged",
    "later": "unreadable",
    "option": "unreadable",
}


def test_every_run_is_listed_in_its_state(folder):
    listed = {run.path.name: run for run in vaekit.runs(folder)}
    assert {name: run.state for name, run in listed.items()} == STATES
    assert all(
        listed[name].why for name, state in STATES.items() if state in ("damaged", "unreadable")
    )
    assert "SIGTERM" in listed["interrupted"].why
    assert "NaN" in listed["failed"].why
    whole = listed["complete"]
    assert (whole.epochs, whole.data, whole.seed) == ((2, 2), "mnist-sample", 0)
    assert whole.parts["loss"] == "elbo"
    run = vaekit.load(whole.path)
    assert whole.best_epoch == run.record.training.best["epoch"]
    assert whole.best["elbo"] == run.history[whole.best_epoch - 1]["val_elbo"]


def test_the_command_prints_a_line_a_run_and_the_reason_below_it(folder):
    done = CliRunner().invoke(main, ["runs", str(folder)])
    assert done.exit_code == 0, done.output
    for name, state in STATES.items():
        assert any(name in line and state in line for line in done.stdout.splitlines())
    assert "! " in done.stdout
    assert "later/run.json is not a run record" in done.stdout
    assert "Traceback" not in done.output
    listed = json.loads(CliRunner().invoke(main, ["runs", str(folder), "--json"]).stdout)
    assert {run["path"].rpartition("/")[2]: run["state"] for run in listed} == STATES


def test_a_run_is_a_folder_of_itself_and_a_folder_may_hold_none(trained, tmp_path):
    assert [run.path for run in vaekit.runs(trained / "elbo")] == [trained / "elbo"]
    assert vaekit.runs(tmp_path) == []
    done = CliRunner().invoke(main, ["runs", str(tmp_path / "nowhere")])
    assert done.exit_code == 2
    assert "There is no folder" in done.stderr


def test_fifty_runs_are_listed_at_once(trained, tmp_path):
    copied(trained / "elbo", tmp_path / "0")
    for number in range(1, 50):
        (tmp_path / str(number)).mkdir()
        for name in ("run.json", "history.csv"):
            shutil.copy(tmp_path / "0" / name, tmp_path / str(number))
    begun = time.process_time()
    assert len(vaekit.runs(tmp_path)) == 50
    assert time.process_time() - begun < 0.5


def test_no_keras_is_imported(trained):
    code = "import sys, vaekit; print(len(vaekit.runs(sys.argv[1])), 'keras' in sys.modules)"
    command = [sys.executable, "-c", code, str(trained)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["3", "False"]


def test_a_run_that_is_listed_as_running_goes_on(trained, tmp_path):
    """Looking whether it runs takes nothing from the process that does."""
    run = copied(trained / "elbo", tmp_path / "run", status("running"))
    assert vaekit.runs(run)[0].state == "interrupted"
    lock = Lock(run)
    assert lock.acquire()
    assert vaekit.runs(run)[0].state == "running"
    lock.release()
    assert change_record(run, status("complete")).exists()
