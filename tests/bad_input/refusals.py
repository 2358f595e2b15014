"""What bad input gets: exit 2, a sentence or two on standard error, and nothing half-written."""

from __future__ import annotations

import re
from pathlib import Path

from click.testing import CliRunner

from vaekit.cli import main

SENTENCE_END = re.compile(r"[.?!](?= |$)")


def listing(folder):
    """Every file with its size and time, every folder; links are not followed."""
    return {
        str(path): path.is_file() and (path.stat().st_size, path.stat().st_mtime_ns)
        for path in Path(folder).rglob("*")
    }


def check_message(code, stderr, match, last_only=False):
    # A full disk is nobody's mistake.
    assert code == (1 if "No room left" in match else 2), stderr
    assert "Traceback" not in stderr
    *before, line = stderr.splitlines()
    assert last_only or not before
    assert line.startswith("vaekit: ")
    assert re.search(match, line), line
    said = line.removeprefix("vaekit: ")
    assert 1 <= len(SENTENCE_END.findall(said)) <= 2, said
    assert said[-1] in ".?" or "vaekit resume " in said or "pip install " in said, said


def refused(folder, *args, match):
    """Run a command that must be refused and must leave `folder` as it was."""
    before = listing(folder)
    result = CliRunner().invoke(main, [str(arg) for arg in args], prog_name="vaekit")
    assert isinstance(result.exception, SystemExit), result.exception
    check_message(result.exit_code, result.stderr, match)
    assert listing(folder) == before
    assert "Saved in" not in result.stdout


def usage_refused(folder, *args, match):
    """As `refused`, for what click itself finds wrong: it shows the command's usage first."""
    before = listing(folder)
    result = CliRunner().invoke(main, [str(arg) for arg in args], prog_name="vaekit")
    assert result.exit_code == 2
    assert result.stderr.startswith("Usage: vaekit ")
    assert re.search(match, result.stderr.splitlines()[-1])
    assert listing(folder) == before
