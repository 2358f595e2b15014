"""Every page whose code can be run, run: `tox -e docs`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pages import Story, blocks

DOCS = Path(__file__).parent
PAGES = sorted(
    page for page in DOCS.rglob("*.md") if {"sh", "python"} & {b.language for b in blocks(page)}
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_page(page, tmp_path):
    Story(page, tmp_path).tell()
