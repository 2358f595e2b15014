"""`vaekit bench --measure startup`: whole processes, which are to be as the one that asks."""

from __future__ import annotations

import json
import textwrap

import pytest
from click.testing import CliRunner

from tests.installed import WIDE
from vaekit.benchmark import startup
from vaekit.cli import main
from vaekit.config import TrainConfig
from vaekit.errors import VaekitWarning

SMALL = ("--image-size", "8", "--batch-sizes", "4", "--runs", "1", "--measure", "startup")


def cli(*args):
    return CliRunner().invoke(main, ["bench", *SMALL, *map(str, args)], prog_name="vaekit")


@pytest.mark.slow
def test_start_up_is_of_whole_processes(tmp_path):
    out = tmp_path / "start.json"
    done = cli("--encoder-opt", "width=4", "--decoder-opt", "width=4", "--out", out)
    assert done.exit_code == 0, done.output
    rows = {row["what"]: row for row in json.loads(out.read_text())["measurements"]}
    names = list(rows)
    helped, first, beside, *parts = (rows[name]["median"] for name in names)
    assert 0 < helped < first  # importing a backend takes longer than a help text
    assert beside > 0
    assert all(name.startswith("vaekit train, ") for name in names[3:])
    named = [name.removeprefix("vaekit train, ") for name in names[3:]]
    assert named[:2] == ["Python and the command line", "Keras and its backend"]
    assert named[-2:] == ["all else", "the process's end"]
    assert {"images", "nets", "compiling", "first call of steps", "steps", "models"} < set(named)
    assert {"averages and validation", "what draws", "pictures", "report"} < set(named)
    # Together they are the whole process, of which `beside` lacks what the history calls its steps.
    steps = sum(
        rows[f"vaekit train, {name}"]["median"] for name in ("steps", "first call of steps")
    )
    assert sum(parts) == pytest.approx(beside + steps, abs=0.05)
    assert rows["vaekit train, all else"]["median"] < sum(parts) / 4


@pytest.mark.slow
def test_processes_that_are_measured_have_the_same_plugins(site, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(site.folder))
    mark = tmp_path / "imported"
    site.install("vaekit-unwanted", f"open({str(mark)!r}, 'w')")
    file = tmp_path / "mine.py"
    file.write_text(textwrap.dedent(WIDE))
    out = tmp_path / "start.json"
    asked = ("--encoder", "wide", "--plugin", file, "--no-plugin", "vaekit-unwanted", "--out", out)
    done = cli(*asked)
    assert done.exit_code == 0, done.output
    sizes = {
        row["what"]: row.get("batch_size") for row in json.loads(out.read_text())["measurements"]
    }
    assert list(sizes.values())[:3] == [None, 4, 4]
    assert not mark.exists()


def test_a_process_that_is_killed_is_told_of(tmp_path):
    file = tmp_path / "mine.py"
    end = "import os, sys\nif sys.argv[-1].endswith('.toml'):\n    os.kill(os.getpid(), 9)\n"
    file.write_text(end + textwrap.dedent(WIDE))
    done = cli("--plugin", file, "--decoder-opt", "width=4")
    assert done.exit_code == 1
    assert done.stderr.endswith(" failed: it was ended by SIGKILL.\n")
    assert "Traceback" not in done.output


def test_libraries_that_each_start_compiles_anew_are_told(monkeypatch):
    monkeypatch.setattr(startup, "compiled_at_every_start", lambda: ["keras"])
    monkeypatch.setattr(startup, "_prepared", lambda *_: 1 / 0)  # before anything is measured
    with (
        pytest.warns(VaekitWarning, match="no bytecode is kept of keras.*compileall -q"),
        pytest.raises(ZeroDivisionError),
    ):
        startup.measure_startup(TrainConfig(), 4, runs=1)
