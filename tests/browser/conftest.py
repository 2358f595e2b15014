"""A real browser, and what every page in it is held to."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

import vaekit


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium of this machine, without a window."""
    program = shutil.which("chromium")
    assert program, "These tests drive Chromium: put a `chromium` on the PATH."
    with sync_playwright() as playwright:
        # Its own sandbox can't be had by root, as whom containers run.
        chromium = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield chromium
        chromium.close()


class Opened:
    """A page with what it asked for and what it complained of.

    requests: all addresses that were asked for. complaints: errors and warnings of its console.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                self.complaints.append(message.text)
                if message.type in ("error", "warning")
                else None
            ),
        )

    def asked_elsewhere(self) -> list[str]:
        """Addresses beyond the page's own file and what it carries in itself."""
        return [url for url in self.requests if not url.startswith(("file:", "data:", "blob:"))]


@pytest.fixture
def opened(browser: Browser) -> Iterator[Opened]:
    """A new page in a browser that has no network; whatever it complains of fails the test."""
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 900})
    page = Opened(context.new_page())
    yield page
    context.close()
    assert page.complaints == []


@pytest.fixture(scope="session")
def digits_run(tmp_path_factory: pytest.TempPathFactory) -> vaekit.Run:
    """The tutorial's nets, narrow, on the kit's digits: two latents, ten classes."""
    folder: Path = tmp_path_factory.mktemp("runs") / "digits"
    return vaekit.train(
        encoder_opt={"width": 8},
        decoder_opt={"width": 8},
        data="mnist-sample",
        epochs=2,
        figures=False,
        progress=False,
        out=str(folder),
    )
