"""`vaekit plugins`."""

from __future__ import annotations

import json
import re

import pytest

import vaekit
from tests.cli.commands import cli

PARTS = {
    ("encoder", "conv5"),
    ("decoder", "deconv4"),
    ("loss", "tutorial"),
    ("loss", "elbo"),
    ("loss", "beta"),
    ("dataset", "mnist"),
    ("dataset", "fashion_mnist"),
    ("dataset", "mnist-sample"),
    ("dataset", "digits"),
}


def test_plugins_json():
    listed = json.loads(cli("plugins", "list", "--json"))
    parts = {(p["kind"], p["name"]): p for p in listed["parts"]}
    assert set(parts) >= PARTS
    for key in PARTS:
        assert parts[key]["distribution"] == "vaekit"
        assert parts[key]["version"] == vaekit.__version__
        assert parts[key]["summary"].endswith(".")
    assert listed["broken"] == []


@pytest.mark.parametrize("args", [["plugins"], ["plugins", "list"]])
def test_plugins_text(args):
    head, *lines = cli(*args).splitlines()
    assert head.split() == ["KIND", "NAME", "DISTRIBUTION", "VERSION", "SUMMARY"]
    rows = [re.split(r"  +", line, maxsplit=4) for line in lines]
    assert {(kind, name) for kind, name, *_ in rows} >= PARTS
    starts = {line.index(row[4]) for line, row in zip(lines, rows, strict=True)}
    assert starts == {head.index("SUMMARY")}  # columns stand below their heads


def test_plugins_show():
    lines = cli("plugins", "show", "beta").splitlines()
    assert lines[0].startswith(f"loss beta (vaekit {vaekit.__version__}): ")
    options = {line.split("=")[0].strip(): line for line in lines if "=" in line}
    assert list(options) == ["beta", "schedule", "steps", "cycles", "ramp", "likelihood", "sigma"]
    assert "beta=4.0  (float)  weight of the KL" in options["beta"]
    assert "schedule=constant  (constant|linear|cyclical)" in options["schedule"]


def test_plugins_show_json():
    (part,) = json.loads(cli("plugins", "show", "conv5@vaekit", "--json"))
    assert (part["kind"], part["name"], part["distribution"]) == ("encoder", "conv5", "vaekit")
    (option,) = part["options"]
    assert (option["name"], option["type"], option["default"]) == ("width", "int", 64)
    assert "filters" in option["meaning"]


def test_plugins_show_without_options():
    assert cli("plugins", "show", "mnist-sample").splitlines()[1] == "  no options"
