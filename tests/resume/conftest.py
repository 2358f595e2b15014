"""An uncut run to compare others to, and copies of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.resume.runs import train


@contextmanager
def drawing_nothing() -> Iterator[None]:
    """Pictures take longer than the training here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vaekit.figures.draw_figures", lambda run, images: None)
        yield


@pytest.fixture(scope="module", autouse=True)
def without_pictures():
    with drawing_nothing():
        yield


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """For every module here: it is only read, and copied."""
    with drawing_nothing():
        return train(tmp_path_factory.mktemp("whole") / "run")


@pytest.fixture
def copy(whole, tmp_path):
    return shutil.copytree(whole.path, tmp_path / "copy")
