"""How far long work has come: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import io
import sys

import pytest

from vaekit import counted_progress as module
from vaekit.counted_progress import counted_progress, duration_text


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """Each look at the time is a second later."""
    seconds = iter(range(10_000))
    monkeypatch.setattr(module.time, "monotonic", lambda: next(seconds))


def read(stream, monkeypatch, *, shown=True, files=40):
    monkeypatch.setattr(sys, "stderr", stream)
    with counted_progress("reading photos", files, shown, "files") as progress:
        for _ in range(files):
            progress.advance()
    return stream.getvalue()


def test_lines_every_ten_seconds(clock, monkeypatch):
    lines = read(io.StringIO(), monkeypatch).splitlines()
    assert lines[0] == "reading photos: 10 of 40 files, 30 s left"
    assert len(lines) == 4


def test_a_bar_on_a_terminal(clock, monkeypatch):
    assert "photos" in read(Terminal(), monkeypatch)


def test_nothing_for_what_is_quick(monkeypatch):
    assert read(Terminal(), monkeypatch) == read(io.StringIO(), monkeypatch) == ""


def test_nothing_unless_it_is_to_be_shown(clock, monkeypatch):
    assert read(Terminal(), monkeypatch, shown=False) == ""


def test_nothing_without_standard_error(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    with counted_progress("reading photos", 1, True) as progress:
        progress.advance()


def test_times_are_told_in_their_largest_units():
    assert [duration_text(seconds) for seconds in (0.4, 59, 61, 3599, 7500)] == [
        "0 s",
        "59 s",
        "1 min",
        "1 h 0 min",
        "2 h 5 min",
    ]
