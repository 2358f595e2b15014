"""The page of models: each command names parts that there are, and that fit each other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from parts import blueprint

PAGE = Path(__file__).parents[2] / "docs" / "models.md"
ROWS = re.findall(r"^\| (.+?) \| (`--.+) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
COMMANDS = {
    f"{model} {number}": command
    for model, commands in ROWS
    for number, command in enumerate(re.findall(r"`(--[^`]+)`", commands))
}


def test_each_model_has_a_command() -> None:
    assert len(ROWS) == 25 + 8


@pytest.mark.parametrize("command", COMMANDS.values(), ids=list(COMMANDS))
def test_each_command_is_of_parts_that_fit(command: str) -> None:
    config: dict[str, object] = {}
    words = command.split()
    for name, value in zip(words[::2], words[1::2], strict=True):
        field = name.removeprefix("--").replace("-", "_")
        config[field] = dict([value.split("=")]) if field.endswith("_opt") else value
    blueprint(**config).build()
