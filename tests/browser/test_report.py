"""The report in a browser: opened from the disk without network, pointed at, switched, printed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

import vaekit
from tests.browser.conftest import Opened
from tests.small_nets import SMALL_NETS

MEGABYTE = 2**20
AT = """index => {
  const map = echarts.getInstanceByDom(document.getElementById("map"));
  const frame = document.getElementById("map").getBoundingClientRect();
  const { points } = vaekit.map.plane;
  const [x, y] = map.convertToPixel({ gridIndex: 0 }, [points[2 * index], points[2 * index + 1]]);
  return [frame.x + x, frame.y + y];
}"""
# Read from a copy: the browser warns of a canvas that is read often.
PIXELS = """canvas => {
  const copy = new OffscreenCanvas(canvas.width, canvas.height);
  const pen = copy.getContext("2d", { willReadFrequently: true });
  pen.drawImage(canvas, 0, 0);
  return [...pen.getImageData(0, 0, canvas.width, canvas.height).data];
}"""
LONELIEST = """() => {
  const { points } = vaekit.map.plane;
  const all = Array.from({ length: points.length / 2 }, (_, index) => index);
  const apart = (a, b) =>
    Math.hypot(points[2 * a] - points[2 * b], points[2 * a + 1] - points[2 * b + 1]);
  const nearest = all.map((a) => Math.min(...all.filter((b) => a !== b).map((b) => apart(a, b))));
  return nearest.indexOf(Math.max(...nearest));
}"""


@pytest.fixture(scope="module")
def report(digits_run: vaekit.Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    began = time.monotonic()
    path = digits_run.report(tmp_path_factory.mktemp("report") / "page.html")
    # Seconds on a machine that has nothing else to do; a hundred on one that has.
    assert time.monotonic() - began < 120
    return path


@pytest.fixture(scope="module")
def page(browser: Browser, report: Path) -> Iterator[Opened]:
    """One page for all that is done in it; what it asks for or complains of is looked at last."""
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 900})
    opened = Opened(context.new_page())
    opened.page.goto(report.as_uri())
    opened.page.wait_for_selector("#map canvas")
    yield opened
    assert opened.asked_elsewhere() == []
    assert opened.complaints == []
    context.close()


def hover(page: Page, index: int) -> None:
    page.locator("#map").scroll_into_view_if_needed()
    page.mouse.move(1, 1)
    page.mouse.move(*page.evaluate(AT, index))


def test_the_page_is_small_and_asks_nobody(report: Path, page: Opened) -> None:
    assert report.stat().st_size < 15 * MEGABYTE
    assert page.asked_elsewhere() == []
    assert page.page.locator("#trouble").is_hidden()
    assert page.page.locator(".still").first.is_hidden()


def test_what_is_pointed_at_shows_its_image_and_reconstruction(
    page: Opened, digits_run: vaekit.Run
) -> None:
    index = page.page.evaluate(LONELIEST)
    hover(page.page, index)
    card = page.page.locator(".card")
    card.wait_for(state="visible")
    label = page.page.evaluate("index => vaekit.data.latent.labels[index]", index)
    assert f"image and reconstruction; {label}; z_mean" in card.inner_text()
    held_out = digits_run.held_out().images.pixels[index : index + 1]
    image, rebuilt = (
        np.reshape(canvas.evaluate(PIXELS), (28, 28, 4))[..., 0]
        for canvas in card.locator("canvas").all()
    )
    np.testing.assert_array_equal(image, held_out[0, ..., 0])
    expected = digits_run.reconstruct(held_out)[0, ..., 0].clip(0, 1) * 255
    np.testing.assert_allclose(rebuilt, expected, atol=1)


def test_a_class_is_switched_off_and_on(page: Opened) -> None:
    series = (
        "echarts.getInstanceByDom(document.getElementById('map')).getOption()"
        ".series.find(one => one.id === 'images').data"
    )
    seven = page.page.locator("#map-classes button", has_text="7")
    before = page.page.evaluate(f"{series}.length")
    seven.click()
    assert page.page.evaluate(f"{series}.every(point => point.value[3] !== 7)")
    assert page.page.evaluate(f"{series}.length") == before - 100
    assert seven.get_attribute("aria-pressed") == "false"
    seven.click()
    assert page.page.evaluate(f"{series}.length") == before


def test_a_frame_around_images_selects_them(page: Opened) -> None:
    page.page.locator("#map").scroll_into_view_if_needed()
    page.page.evaluate(
        "echarts.getInstanceByDom(document.getElementById('map')).dispatchAction({"
        "type: 'takeGlobalCursor', key: 'brush',"
        "brushOption: {brushType: 'rect', brushMode: 'single'}})"
    )
    x, y = page.page.evaluate(AT, 3)
    page.page.mouse.move(x - 40, y - 40)
    page.page.mouse.down()
    page.page.mouse.move(x, y, steps=3)
    page.page.mouse.move(x + 40, y + 40, steps=3)
    page.page.mouse.up()
    tiles = page.page.locator("#map-selection .tiles canvas")
    tiles.first.wait_for(state="visible")
    assert "selected" in page.page.inner_text("#map-selection p")
    assert tiles.first.evaluate(f"canvas => ({PIXELS})(canvas).some(Boolean)")


def test_curves_can_be_logarithmic(page: Opened) -> None:
    kind = (
        "name => echarts.getInstanceByDom([...document.querySelectorAll('#curves-charts figure')]"
        ".find(one => one.innerText.trim() === name).querySelector('.chart'))"
        ".getOption().yAxis[0].type"
    )
    assert page.page.evaluate(kind, "loss") == "value"
    page.page.check("#curves-log")
    assert page.page.evaluate(kind, "loss") == "log"
    assert page.page.evaluate(kind, "elbo") == "value"  # below 0
    page.page.uncheck("#curves-log")


def test_every_chart_and_picture_is_drawn(page: Opened) -> None:
    charts = page.page.locator(".chart canvas, #map canvas").all()
    assert len(charts) > 5
    assert all(chart.evaluate(f"canvas => ({PIXELS})(canvas).some(Boolean)") for chart in charts)
    titles = page.page.locator("#pictures figcaption").all_inner_texts()
    assert titles == ["Manifold", "Samples", "Reconstructions", "Traversals", "Interpolations"]
    assert page.page.evaluate(
        "[...document.querySelectorAll('#pictures img')].every(one => one.naturalWidth > 300)"
    )
    assert page.page.locator("svg.diagram .stage").count() > 8


def test_nothing_is_wider_than_a_narrow_window(page: Opened) -> None:
    page.page.set_viewport_size({"width": 600, "height": 900})
    page.page.wait_for_function("document.querySelector('#map canvas').clientWidth < 600")
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 600
    page.page.set_viewport_size({"width": 1280, "height": 900})


def test_on_paper_charts_are_light_and_as_wide_as_it_is(page: Opened) -> None:
    page.page.emulate_media(color_scheme="dark")
    page.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    widths = page.page.evaluate(
        "[...document.querySelectorAll('.chart canvas, #map canvas')].map(one => one.clientWidth)"
    )
    paper = page.page.evaluate("document.querySelector('main').clientWidth")
    assert 600 < paper < 700  # 180 mm
    assert max(widths) <= paper
    page.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    page.page.emulate_media(color_scheme="light")
    assert page.page.evaluate("document.querySelector('main').clientWidth") > 1000
    assert len(page.page.pdf()) > 100_000


def test_more_than_two_values_have_more_planes(opened: Opened, tmp_path: Path) -> None:
    run = vaekit.train(
        **SMALL_NETS,
        data="digits",
        limit=200,
        latent_dim=5,
        epochs=1,
        figures=False,
        progress=False,
        out=str(tmp_path / "run"),
    )
    page = opened.page
    page.goto(run.report().as_uri())
    names = page.locator("#map-planes button").all_inner_texts()
    assert names[0] == "PCA"
    assert names[-1] == "t-SNE"
    for name in reversed(names):
        page.locator("#map-planes button", has_text=name).click()
        assert page.evaluate("vaekit.map.plane.name") == name
    hover(page, 0)
    page.locator(".card").wait_for(state="visible")
    # What others build on: a place in a plane is a z, and a marker there can be dragged.
    assert page.evaluate(
        """() => {
          const { latent } = vaekit.data, { origin, axes, points } = vaekit.map.plane;
          const z = vaekit.floats(latent.z).subarray(0, latent.size);
          return [0, 1].every((axis) => {
            const unit = axes.subarray(axis * latent.size, (axis + 1) * latent.size);
            const along = unit.reduce((sum, value, n) => sum + value * (z[n] - origin[n]), 0);
            return Math.abs(along - points[axis]) < 1e-4;
          });
        }"""
    )
    page.evaluate(
        "window.moved = []; vaekit.map.onDrag(({x, y}) => moved.push([x, y]));vaekit.map.mark(0, 0)"
    )
    frame = page.locator("#map").bounding_box()
    at = page.evaluate(
        "echarts.getInstanceByDom(document.getElementById('map'))"
        ".convertToPixel({gridIndex: 0}, [0, 0])"
    )
    assert frame
    x, y = frame["x"] + at[0], frame["y"] + at[1]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y, steps=4)
    page.mouse.up()
    page.mouse.move(x + 90, y)
    moved = page.evaluate("moved")
    assert len(moved) >= 3
    assert moved[-1][0] > 0.2
    assert abs(moved[-1][1]) < 0.05


def test_without_javascript_still_pictures_stand_for_the_charts(
    browser: Browser, report: Path
) -> None:
    context = browser.new_context(offline=True, java_script_enabled=False)
    page = context.new_page()
    page.goto(report.as_uri())
    shown = [one.is_visible() for one in page.locator(".still img").all()]
    assert shown == [True, True]
    assert not page.locator("#map").is_visible()
    context.close()


def test_a_browser_that_cant_draw_charts_says_so(opened: Opened, report: Path) -> None:
    opened.page.add_init_script(
        "Object.defineProperty(window, 'echarts', {get() {"
        " return {init() { throw new Error('no canvas'); }}; }, set() {}});"
    )
    opened.page.goto(report.as_uri())
    assert "no canvas" in opened.page.inner_text("#trouble")
    assert opened.page.locator(".still img").first.is_visible()
