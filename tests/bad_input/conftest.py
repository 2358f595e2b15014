"""Where tests of bad input run."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """A folder of the test's own to run in, so that what is written anywhere near is seen."""
    monkeypatch.chdir(tmp_path)
