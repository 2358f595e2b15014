"""The explorer in a browser: dragged, slid, an image dropped, all answered by the run itself."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route

import vaekit
from tests.browser.conftest import Opened
from vaekit.explorer.explorer import Explorer

# What the reader sees, once nothing is decoded any more: a picture, and the z of now.
SEEN = """async (name) => {
  await new Promise((done) => setTimeout(done, 300));
  return [document.getElementById(name).toDataURL(), Array.from(vaekit.walk.z)];
}"""
DROP = """([content, name, over]) => {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], name));
  const target = document.getElementById(over);
  for (const type of ["dragover", "drop"]) {
    target.dispatchEvent(
      new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer }),
    );
  }
}"""
MARKER = """() => {
  const map = echarts.getInstanceByDom(document.getElementById("map"));
  return map.convertToPixel({ gridIndex: 0 }, [0, 0]);
}"""


@pytest.fixture(scope="module")
def explorer(digits_run: vaekit.Run) -> Iterator[Explorer]:
    served = digits_run.explore()
    yield served
    served.close()


@pytest.fixture(scope="module")
def explored(browser: Browser, explorer: Explorer) -> Iterator[Opened]:
    """The page, open in a browser that reaches this machine's loopback interface alone."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})

    def loopback_only(route: Route) -> None:
        local = route.request.url.startswith(("http://127.0.0.1:", "data:", "blob:"))
        route.continue_() if local else route.abort()

    context.route("**/*", loopback_only)
    opened = Opened(context.new_page())
    opened.page.goto(explorer.url)
    yield opened
    context.close()
    assert opened.complaints == []
    own = (explorer.url, "data:", "blob:")
    assert [url for url in opened.requests if not url.startswith(own)] == []


def png(pixels: np.ndarray) -> bytes:
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return content.getvalue()


def drop(page: Page, content: bytes, name: str, over: str = "map") -> None:
    page.evaluate(DROP, [base64.b64encode(content).decode(), name, over])


def seen(page: Page, canvas: str) -> tuple[np.ndarray, np.ndarray]:
    """The greys of a canvas, 0..255, and z."""
    url, z = page.evaluate(SEEN, canvas)
    with Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) as image:
        return np.asarray(image.convert("RGB"))[..., :1].astype("f4"), np.array(z, "f4")


def decoded(page: Page, run: vaekit.Run) -> np.ndarray:
    """Where the reader is in z; what is seen there is what the run makes of it."""
    pixels, z = seen(page, "walk-image")
    np.testing.assert_allclose(pixels, white(run.decode(z[np.newaxis])[0]), atol=0.51)
    return z


def white(image: np.ndarray) -> np.ndarray:
    return np.clip(image, 0, 1) * 255


def test_the_marker_is_dragged(explored: Opened, digits_run: vaekit.Run) -> None:
    page = explored.page
    page.click("#walk-reset")
    assert not decoded(page, digits_run).any()
    page.locator("#map").scroll_into_view_if_needed()
    box: Any = page.locator("#map canvas").first.bounding_box()
    x, y = page.evaluate(MARKER)
    page.mouse.move(box["x"] + x, box["y"] + y)
    page.mouse.down()
    page.mouse.move(box["x"] + x + 90, box["y"] + y + 40, steps=8)
    page.mouse.up()
    z = decoded(page, digits_run)
    assert z[0] > 0 > z[1]


def test_a_slider_is_moved(explored: Opened, digits_run: vaekit.Run) -> None:
    page = explored.page
    page.click("#walk-reset")
    page.locator("#walk-sliders input").first.fill("1.5")
    first, second = page.evaluate("vaekit.data.latent.order")
    z = decoded(page, digits_run)
    assert z[first] == pytest.approx(1.5, abs=0.02)
    assert z[second] == 0


def test_an_image_is_dropped_anywhere(explored: Opened, digits_run: vaekit.Run) -> None:
    page = explored.page
    image = digits_run.held_out(limit=8).images.pixels[7:8]
    drop(page, png(image[0, ..., 0]), "seven.png")
    page.wait_for_selector("#drop-result")
    taken, _ = seen(page, "drop-image")
    np.testing.assert_array_equal(taken, image[0])
    np.testing.assert_allclose(decoded(page, digits_run), digits_run.latents(image)[0], atol=1e-4)
    rebuilt, _ = seen(page, "drop-reconstruction")
    np.testing.assert_allclose(rebuilt, white(digits_run.reconstruct(image)[0]), atol=0.51)
    assert page.inner_text("#drop-note").strip() == "seven.png."
    assert page.is_hidden("#drop-trouble")


def test_a_photograph_is_chosen_and_what_is_done_to_it_said(
    explored: Opened, tmp_path: Path
) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(png(np.full((60, 80, 3), 200, "u1")))
    explored.page.set_input_files("#drop-file", path)
    explored.page.locator("#drop-note", has_text="photo.png").wait_for()
    note = explored.page.inner_text("#drop-note")
    assert "cropped to their centre from 60x80" in note
    assert "made grey" in note


def test_what_is_no_image_is_a_line_in_the_page(explored: Opened, explorer: Explorer) -> None:
    page = explored.page
    drop(page, b"<script>alert(1)</script>", "<b>page</b>.html", "drop")
    page.wait_for_selector("#drop-trouble")
    assert page.inner_text("#drop-trouble").startswith(
        "<b>page</b>.html: It can't be read as an image: "
    )
    assert page.is_hidden("#drop-result")
    assert page.url == explorer.url
    # Chromium itself notes an answer of 400.
    assert all("400" in text for text in explored.complaints)
    explored.complaints.clear()


def test_many_latents_and_an_image_go_through_the_pages_own_door(
    explored: Opened, digits_run: vaekit.Run
) -> None:
    count, values = explored.page.evaluate("""async () => {
      const z = Float32Array.from({ length: 600 }, (_, place) => place / 300 - 1);
      const images = await vaekit.decoder.decode(z, 300, null);
      return [images.length, Array.from(images.filter((_, place) => place % 97 === 0))];
    }""")
    z = (np.arange(600) / 300 - 1).astype("f4").reshape(300, 2)
    assert count == 300 * 28 * 28
    np.testing.assert_allclose(values, digits_run.decode(z).ravel()[::97], atol=1e-5)
    point = explored.page.evaluate("""async () => {
      const image = new Float32Array(28 * 28).fill(0.5);
      return Array.from(await vaekit.decoder.encode(image));
    }""")
    image = np.full((1, 28, 28, 1), 0.5, "f4")
    np.testing.assert_allclose(point, digits_run.latents(image)[0], atol=1e-4)


def test_another_site_gets_nothing_even_with_the_address(
    browser: Browser, explorer: Explorer, tmp_path: Path
) -> None:
    (tmp_path / "site.html").write_text("a site elsewhere")
    context = browser.new_context()
    page = context.new_page()
    page.goto((tmp_path / "site.html").as_uri())
    for path in ("", "decode"):
        answer = page.evaluate(
            """([url, asked]) => fetch(url, asked)
              .then((answer) => answer.status, (error) => error.name)""",
            [explorer.url + path, {"method": "POST", "body": "12345678"} if path else {}],
        )
        assert answer == "TypeError"
    context.close()


def test_a_page_whose_command_has_ended_says_so(browser: Browser, digits_run: vaekit.Run) -> None:
    served = digits_run.explore()
    context = browser.new_context()
    page = context.new_page()
    page.goto(served.url)
    served.close()
    page.click("#walk-reset")
    page.wait_for_selector("#trouble")
    assert "has its command ended?" in page.inner_text("#trouble")
    context.close()
