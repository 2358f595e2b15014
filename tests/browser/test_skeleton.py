"""The skeleton of all pages: what is written in it stays text, and the page can call nobody."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import BaseLoader, DictLoader, PackageLoader

from tests.browser.conftest import Opened
from vaekit.page import render

HOSTILE = "</script><script>window.broken = true</script>"


@pytest.fixture
def page_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    template = (
        "{% extends 'page.html' %}{% block title %}{{ name }}{% endblock %}"
        "{% block content %}<h1>{{ name }}</h1>{% endblock %}"
    )

    def loader(package: str) -> BaseLoader:
        return DictLoader({"own.html": template}) if package == "own" else PackageLoader(package)

    monkeypatch.setattr("vaekit.page.page.PackageLoader", loader)
    path = tmp_path / "page.html"
    path.write_text(render(["own"], "own.html", data={"text": HOSTILE}, name=HOSTILE), "utf-8")
    return path


def test_nothing_written_into_a_page_runs(opened: Opened, page_file: Path) -> None:
    opened.page.goto(page_file.as_uri())
    assert opened.page.evaluate("window.broken") is None
    assert opened.page.evaluate("vaekit.data.text") == HOSTILE
    assert opened.page.inner_text("h1") == HOSTILE


def test_the_browser_refuses_what_a_page_would_fetch(opened: Opened, page_file: Path) -> None:
    opened.page.goto(page_file.as_uri())
    answer = opened.page.evaluate("fetch('https://127.0.0.1:9/').then(() => 'got', e => e.name)")
    assert answer == "TypeError"
    assert any("Content Security Policy" in text for text in opened.complaints)
    opened.complaints.clear()
