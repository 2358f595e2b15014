"""The public API as type checkers see it: what is shipped, and what `mypy --strict` says of it."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

import vaekit
from vaekit.registry import KINDS

TYPING = Path(__file__).parent / "typing"


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    """What `mypy --strict` says of this folder's files, run as by a stranger: lines by file."""
    # Outside of the clone: neither its settings nor its source count then, but what is installed.
    folder = shutil.copytree(TYPING, tmp_path_factory.mktemp("user") / "typed")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", *map(str, sorted(folder.glob("*.py")))],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    errors = re.findall(r"(\w+)\.py:(\d+): error: .*(\[[\w-]+\])$", done.stdout, re.MULTILINE)
    assert len(errors) == done.stdout.count(": error: "), done.stdout
    return [(name, int(line), code) for name, line, code in errors]


def test_a_users_file_and_a_plugin_are_well_typed(strict):
    assert [error for error in strict if error[0] != "mistakes"] == []


def test_each_mistake_is_reported_where_it_is(strict):
    lines = (TYPING / "mistakes.py").read_text("utf-8").splitlines()
    marked = [(n, re.search(r"# (\[[\w-]+\])$", line)) for n, line in enumerate(lines, 1)]
    expected = [("mistakes", number, code[1]) for number, code in marked if code]
    assert len(expected) == 9
    assert strict == expected


def test_types_are_shipped():
    assert files("vaekit").joinpath("py.typed").is_file()


def test_the_stub_names_what_there_is():
    """Every kind of part has its `register_KIND`, and nothing is promised that isn't there."""
    stub = ast.parse(files("vaekit").joinpath("__init__.pyi").read_text("utf-8"))
    declared = {line.target.id for line in stub.body if isinstance(line, ast.AnnAssign)}
    assert declared == {"__version__", *(f"register_{kind}" for kind in KINDS)}
    assert sorted([*vaekit.__all__, *declared]) == dir(vaekit)
