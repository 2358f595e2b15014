"""The certificate of `vaekit prove` in a browser."""

from __future__ import annotations

from pathlib import Path

from tests.browser.conftest import Opened
from tests.proof.test_prove import ENVIRONMENT, finding
from vaekit.proof.certificate import certificate, write_certificate
from vaekit.proof.extent import Extent


def test_it_opens_and_hides_what_was_skipped(opened: Opened, tmp_path: Path) -> None:
    findings = [finding(), finding("skipped", "idle"), finding("failed", "wrong <b>")]
    _, page_file = write_certificate(
        tmp_path, certificate({"jax": ENVIRONMENT}, findings, Extent())
    )
    page = opened.page
    page.goto(page_file.as_uri())
    assert page.inner_text("h1") == "Something doesn't hold"
    assert page.locator("tr.failed").inner_text().startswith("laws: wrong <b>")
    assert not page.get_by_text("laws: idle").is_visible()
    page.get_by_text("skipped: 1").click()
    assert page.get_by_text("laws: idle").is_visible()
    assert opened.asked_elsewhere() == []
