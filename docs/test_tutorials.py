"""The notebooks of docs/tutorials/, executed: `tox -e docs`."""

from __future__ import annotations

import nbformat
import pytest
from run_tutorials import TUTORIALS, executed

MOST_BYTES = 300_000


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_runs_from_its_first_cell_to_its_last(path, tmp_path):
    executed(path, tmp_path)


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_is_kept_with_what_it_shows(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert path.stat().st_size < MOST_BYTES
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert outputs
    assert not [output for output in outputs if output.output_type == "error"]
    assert "/tmp/" not in path.read_text("utf-8")
