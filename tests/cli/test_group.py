"""`vaekit` itself."""

from __future__ import annotations

import re

import vaekit
from tests.cli.commands import cli


def test_help_lists_every_command():
    text = cli("--help")
    for name in (
        *("train", "resume", "evaluate", "reconstruct", "sample", "interpolate"),
        *("encode", "decode", "plugins", "data"),
    ):
        assert re.search(rf"^  {name} +[A-Z]", text, re.M)
        assert "Usage: vaekit " + name in cli(name, "-h")


def test_version():
    assert cli("--version") == f"vaekit, version {vaekit.__version__}\n"
