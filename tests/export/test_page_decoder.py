"""What a live page can't have is refused before anything of the page is made."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import vaekit
from tests.bad_input.refusals import refused
from tests.small_nets import SMALL_NETS
from vaekit.report import live


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose z is two values."""
    path = tmp_path_factory.mktemp("runs") / "run"
    vaekit.train(
        **SMALL_NETS,
        data="digits",
        limit=40,
        epochs=1,
        figures=False,
        progress=False,
        out=str(path),
    )
    return path


def test_a_missing_library_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    refused(folder, "report", folder, "--live", match=r"onnxruntime.* 'vaekit\[onnx\]'")


def test_a_decoder_too_large_for_a_page_is_explored(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_MOST_BYTES", 1000)
    refused(folder, "report", folder, "--live", match=f"MB of weights.*: vaekit explore {folder}")
