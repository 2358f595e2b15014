"""`vaekit bench --measure startup`: whole processes, which are to be as the one that asks."""

from __future__ import annotations

import json
import textwrap

import pytest
from click.testing import CliRunner

from tests.installed import WIDE
from vaekit.cli import main

SMALL = ("--image-size", "8", "--batch-sizes", "4", "--runs", "1", "--measure", "startup")


def cli(*args):
    return CliRunner().invoke(main, ["bench", *SMALL, *map(str, args)], prog_name="vaekit")


@pytest.mark.slow
def test_start_up_is_of_whole_processes(tmp_path):
    out = tmp_path / "start.json"
    done = cli("--encoder-opt", "width=4", "--decoder-opt", "width=4", "--out", out)
    assert done.exit_code == 0, done.output
    rows = {row["what"]: row for row in json.loads(out.read_text())["measurements"]}
    helped, first, beside = (rows[name]["median"] for name in rows)
    assert 0 < helped < first  # importing a backend takes longer than a help text
    assert beside > 0


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
    assert list(sizes.values()) == [None, 4, 4]
    assert not mark.exists()


def test_a_process_that_is_killed_is_told_of(tmp_path):
    file = tmp_path / "mine.py"
    end = "import os, sys\nif sys.argv[-1].endswith('.toml'):\n    os.kill(os.getpid(), 9)\n"
    file.write_text(end + textwrap.dedent(WIDE))
    done = cli("--plugin", file, "--decoder-opt", "width=4")
    assert done.exit_code == 1
    assert done.stderr.endswith(" failed: it was ended by SIGKILL.\n")
    assert "Traceback" not in done.output
