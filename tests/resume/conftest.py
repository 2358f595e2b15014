"""An uncut run to compare others to, and copies of it."""

from __future__ import annotations

import shutil

import pytest

from tests.resume.runs import train


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """For every module here: it is only read, and copied."""
    return train(tmp_path_factory.mktemp("whole") / "run")


@pytest.fixture
def copy(whole, tmp_path):
    return shutil.copytree(whole.path, tmp_path / "copy")
