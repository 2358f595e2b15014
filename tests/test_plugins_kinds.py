"""`vaekit plugins` takes a kind of part that it has never heard of, and says what any part has."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from vaekit.cli import main
from vaekit.plugins import discover
from vaekit.registry import KINDS, Component


def shift(*, by: float = 0.5):
    """Do nothing of use.

    Args:
        by: How far.
    """
    return by


def scale(*, by: float = 0.5):
    return by


@pytest.fixture(autouse=True)
def third_kind(monkeypatch):
    monkeypatch.setitem(KINDS, "warp", KINDS["loss"]._replace(name="warp"))
    discover.cache_clear()
    for factory in (shift, scale):
        part = Component("warp", factory.__name__, "Moves things.", factory, "some-warps", "1.0")
        discover().registry.add(part)
    yield
    discover.cache_clear()


def plugins(*args):
    return CliRunner().invoke(main, ["plugins", *args], prog_name="vaekit")


def test_it_is_listed():
    assert ["warp", "shift", "some-warps", "1.0", "Moves", "things."] in [
        line.split() for line in plugins("list").stdout.splitlines()
    ]


def test_it_is_shown_with_its_options():
    assert plugins("show", "shift").stdout.splitlines() == [
        "warp shift (some-warps 1.0): Moves things.",
        "  by=0.5  (float)  How far.",
    ]
    (part,) = json.loads(plugins("show", "shift", "--json").stdout)
    assert set(part) == {"kind", "name", "distribution", "version", "summary", "options"}


def test_what_any_part_must_do_is_checked():
    result = plugins("check", "shift", "--json")
    assert result.exit_code == 0, result.output
    (part,) = json.loads(result.stdout)["parts"]
    assert [(check["check"], check["status"]) for check in part["checks"]] == [
        ("options_round_trip", "skipped"),
        ("options_are_explained", "passed"),
        ("closed_forms_hold", "skipped"),
    ]
    result = plugins("check", "scale")
    assert result.exit_code == 1
    assert "Its docstring doesn't say what by means." in result.stdout
