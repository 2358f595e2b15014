"""That a reference which is not what the code says is found out, and mended."""

from __future__ import annotations

import sys

import generate
import pytest


@pytest.fixture
def copy(tmp_path, monkeypatch):
    monkeypatch.setattr(generate, "FOLDER", tmp_path)
    monkeypatch.setattr(sys, "argv", ["generate.py"])
    assert generate.main() == 0
    return tmp_path


def test_a_fresh_reference_holds(copy, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["generate.py", "--check"])
    assert generate.main() == 0


@pytest.mark.parametrize("name", generate.PAGES)
def test_a_stale_page_is_shown_and_left_alone(name, copy, monkeypatch, capsys):
    stale = (copy / name).read_text().replace("vaekit", "vaeket")
    (copy / name).write_text(stale)
    monkeypatch.setattr(sys, "argv", ["generate.py", "--check"])
    assert generate.main() == 1
    assert "vaeket" in capsys.readouterr().out
    assert (copy / name).read_text() == stale


def test_a_new_kind_of_part_comes_with_the_hooks(copy):
    text = (copy / "hooks.md").read_text()
    assert text.count("Kind of part:") == len(generate.KINDS)
