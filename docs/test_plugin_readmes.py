"""The commands and the Python of the READMEs in plugins/, on fewer images than a reader's."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

import vaekit
from tests.pages import blocks, command

READMES = sorted((Path(__file__).parent.parent / "plugins").glob("*/README.md"))
FEW = {"limit": 64, "epochs": 1, "figures": False}


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.parent.name)
def test_commands(readme, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = [line for block in blocks(readme, "sh") for line in block.code.splitlines()]
    trainings = [line for line in lines if line.startswith("vaekit train")]
    assert trainings
    for number, line in enumerate(trainings):
        few = ["--limit", "128", "--epochs", "1", "--no-figures"]
        command(line, "--data", "mnist-sample", "--out", str(number), *few)


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.parent.name)
def test_python(readme, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(vaekit, "train", functools.partial(vaekit.train, **FEW), raising=False)
    for block in blocks(readme, "python"):
        names: dict[str, object] = {}
        exec(block.code, names)
        assert names["run"].record.status == "complete"
