"""Where the time of a process goes, part by part."""

from __future__ import annotations

import threading
import time

import pytest

from vaekit import timeline
from vaekit.timeline import part, parts_taken


@pytest.fixture(autouse=True)
def nothing_before(monkeypatch):
    monkeypatch.setattr(timeline, "_spent", {})


def test_a_part_lacks_what_lies_within_it_and_adds_up():
    with part("outer"):
        time.sleep(0.02)
        for _ in range(2):
            with part("inner"):
                time.sleep(0.05)
    outer, inner = (parts_taken()[name] for name in ("outer", "inner"))
    assert 0.1 <= inner.seconds < 0.5
    assert 0.02 <= outer.seconds < inner.seconds
    assert inner.began > outer.began
    assert 0 <= inner.processor < inner.seconds


def test_a_part_that_fails_is_told_too():
    with pytest.raises(ZeroDivisionError), part("failed"):
        1 / 0  # noqa: B018
    assert parts_taken()["failed"].seconds > 0


def test_a_thread_takes_nothing_from_the_part_beside_which_it_runs():
    def beside():
        with part("beside"):
            time.sleep(0.05)

    with part("outer"):
        thread = threading.Thread(target=beside)
        thread.start()
        thread.join()
    taken = parts_taken()
    assert taken["outer"].seconds >= 0.05
    assert taken["beside"].seconds >= 0.05
