"""The decoder in the page: what Keras gives, fast enough to be dragged, without any server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser

import vaekit
from tests.browser.conftest import Opened
from vaekit.page import float_text

SHORT = {"data": "mnist-sample", "limit": 64, "epochs": 1, "figures": False, "progress": False}
UNPACKED = """() => new Promise((done) => {
  if (vaekit.decoder) return done();
  document.addEventListener("vaekit:decoder", () => setTimeout(done));
})"""
DECODE = """async ([z, count, labels]) => {
  const classes = labels && Int32Array.from(labels);
  const values = await vaekit.decoder.decode(vaekit.floats(z), count, classes);
  return Array.from(values);
}"""
# Where in the map a place of the plane is.
MARKER = """(place) => {
  const map = echarts.getInstanceByDom(document.getElementById("map"));
  return map.convertToPixel({ gridIndex: 0 }, place);
}"""
# What the reader sees, and what it should be: z of now, decoded and painted again.
SEEN = "document.getElementById('walk-image').toDataURL()"
WANTED = """async () => {
  const canvas = document.createElement("canvas");
  const { shape } = vaekit.data.images;
  [canvas.height, canvas.width] = shape;
  const classes = document.getElementById("walk-class");
  const label = classes && Int32Array.of(Number(classes.value));
  vaekit.paint(canvas, await vaekit.decoder.decode(vaekit.walk.z.slice(), 1, label), shape);
  return canvas.toDataURL();
}"""


@pytest.fixture(scope="module")
def tutorial(tmp_path_factory: pytest.TempPathFactory) -> vaekit.Run:
    """The tutorial's own nets, of full width: what they have learnt is of no matter here."""
    return vaekit.train(**SHORT, out=str(tmp_path_factory.mktemp("tutorial") / "run"))


@pytest.fixture(scope="module")
def tutorial_page(tutorial: vaekit.Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tutorial.report(tmp_path_factory.mktemp("page") / "live.html", images=60, live=True)


@pytest.fixture(scope="module")
def maps(tmp_path_factory: pytest.TempPathFactory) -> vaekit.Run:
    """Narrow nets, whose z is a map, by class."""
    return vaekit.train(
        **SHORT,
        encoder_opt={"width": 4},
        decoder_opt={"width": 4},
        latent_opt={"grid": True},
        loss="elbo",
        condition="labels",
        out=str(tmp_path_factory.mktemp("maps") / "run"),
    )


@pytest.fixture(scope="module")
def live(browser: Browser, tutorial_page: Path) -> Iterator[Opened]:
    """The tutorial's page, open and unpacked."""
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 1000})
    opened = Opened(context.new_page())
    opened.page.goto(tutorial_page.as_uri())
    opened.page.evaluate(UNPACKED)
    yield opened
    context.close()
    assert opened.complaints == []


def decoded(opened: Opened, z: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
    named = None if labels is None else labels.tolist()
    return np.array(opened.page.evaluate(DECODE, [float_text(z), len(z), named]))


def settled(opened: Opened) -> str:
    """What is seen once nothing is decoded any more: the image of z as it is now."""
    wanted: str = opened.page.evaluate(WANTED)
    assert opened.page.evaluate(SEEN) == wanted
    return wanted


def test_a_hundred_latents_are_decoded_as_keras_decodes_them(
    live: Opened, tutorial: vaekit.Run
) -> None:
    z = np.random.default_rng(0).normal(size=(100, 2)).astype("float32")
    difference = np.abs(decoded(live, z) - tutorial.decode(z).ravel()).max()
    print(f"largest difference {difference:.2g}")
    assert difference <= 1e-4


def test_the_tutorials_decoder_gives_thirty_images_a_second(live: Opened) -> None:
    seconds = live.page.evaluate("""async () => {
      const canvas = document.getElementById("walk-image");
      const begun = performance.now();
      for (let frame = 0; frame < 60; frame++) {
        const z = Float32Array.of(frame / 20 - 1.5, 0.5);
        vaekit.paint(canvas, await vaekit.decoder.decode(z, 1, null), vaekit.data.images.shape);
      }
      return (performance.now() - begun) / 1000;
    }""")
    print(f"{60 / seconds:.0f} images a second")
    assert 60 / seconds >= 30


def test_the_first_image_comes_within_seconds(opened: Opened, tutorial_page: Path) -> None:
    begun = time.perf_counter()
    opened.page.goto(tutorial_page.as_uri())
    opened.page.evaluate(UNPACKED)
    opened.page.wait_for_selector("#walk-image")
    print(f"{time.perf_counter() - begun:.1f} s, {tutorial_page.stat().st_size / 1e6:.1f} MB")
    assert time.perf_counter() - begun < 15
    assert tutorial_page.stat().st_size < 8e6
    assert opened.asked_elsewhere() == []
    assert opened.page.is_hidden("#walk-waiting")


def test_dragging_the_marker_moves_the_image(live: Opened) -> None:
    live.page.click("#walk-reset")
    before = settled(live)
    live.page.locator("#map").scroll_into_view_if_needed()
    box: Any = live.page.locator("#map canvas").first.bounding_box()
    x, y = live.page.evaluate(MARKER, [0, 0])
    live.page.mouse.move(box["x"] + x, box["y"] + y)
    live.page.mouse.down()
    live.page.mouse.move(box["x"] + x + 90, box["y"] + y + 40, steps=8)
    live.page.mouse.up()
    assert settled(live) != before
    z = live.page.evaluate("Array.from(vaekit.walk.z)")
    assert z[0] > 0 > z[1]


def test_a_slider_moves_one_value(live: Opened) -> None:
    live.page.click("#walk-reset")
    before = settled(live)
    box: Any = live.page.locator("#walk-sliders input").first.bounding_box()
    live.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    live.page.mouse.down()
    live.page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + box["height"] / 2, steps=6)
    live.page.mouse.up()
    first, second = live.page.evaluate("vaekit.data.latent.order")
    z = live.page.evaluate("Array.from(vaekit.walk.z)")
    assert z[first] > 1
    assert z[second] == 0
    assert settled(live) != before


def test_an_image_is_chosen_and_another_to_go_to(live: Opened) -> None:
    z = live.page.evaluate("Array.from({ length: 6 }, (_, n) => Array.from(vaekit.walk.of(n)))")
    thumbnails = live.page.locator("#walk-thumbnails button")
    thumbnails.nth(3).click()
    np.testing.assert_allclose(live.page.evaluate("Array.from(vaekit.walk.z)"), z[3], rtol=1e-5)
    start = settled(live)
    thumbnails.nth(5).click()
    assert settled(live) != start
    live.page.locator("#walk-share").fill("0.25")
    way = live.page.evaluate("Array.from(vaekit.walk.z)")
    np.testing.assert_allclose(
        way, 0.75 * np.array(z[3]) + 0.25 * np.array(z[5]), rtol=1e-4, atol=1e-6
    )
    settled(live)


def test_an_image_is_chosen_in_the_map(live: Opened) -> None:
    live.page.locator("#map").scroll_into_view_if_needed()
    box: Any = live.page.locator("#map canvas").first.bounding_box()
    x, y = live.page.evaluate(MARKER, live.page.evaluate("Array.from(vaekit.walk.of(7))"))
    live.page.mouse.click(box["x"] + x, box["y"] + y)
    # Another may lie over it.
    image = live.page.evaluate("vaekit.walk.image")
    z = live.page.evaluate("Array.from(vaekit.walk.z)")
    assert z == live.page.evaluate(f"Array.from(vaekit.walk.of({image}))")
    near = live.page.evaluate(MARKER, z)
    assert np.hypot(near[0] - x, near[1] - y) < 12
    settled(live)


def test_of_places_passed_by_the_newest_alone_is_decoded(live: Opened) -> None:
    decodes = live.page.evaluate("""async () => {
      const { decoder, walk } = vaekit;
      const places = [];
      vaekit.decoder = {
        decode: async (z, count, labels) => {
          places.push(z[0]);
          await new Promise((done) => setTimeout(done, 100));
          return decoder.decode(z, count, labels);
        },
      };
      for (let step = 1; step <= 50; step++) walk.go([step / 32], { at: 0 });
      await new Promise((done) => setTimeout(done, 800));
      vaekit.decoder = decoder;
      return places;
    }""")
    assert decodes == [1 / 32, 50 / 32]
    settled(live)


def test_a_map_by_class_has_its_places_and_its_classes(
    opened: Opened, maps: vaekit.Run, tmp_path: Path
) -> None:
    opened.page.goto(maps.report(tmp_path / "maps.html", images=60, live=True).as_uri())
    opened.page.evaluate(UNPACKED)
    z = np.random.default_rng(0).normal(size=(20, *maps.latent_shape)).astype("float32")
    labels = np.arange(20) % 10
    assert np.abs(decoded(opened, z, labels) - maps.decode(z, labels).ravel()).max() <= 1e-4
    before = settled(opened)
    opened.page.select_option("#walk-class", "7")
    of_class = settled(opened)
    assert of_class != before
    opened.page.click("#walk-frame", position={"x": 3, "y": 3})
    opened.page.locator("#walk-sliders input").first.fill("2")
    moved = np.array(opened.page.evaluate("Array.from(vaekit.walk.z)"))
    assert np.flatnonzero(moved)[0] < maps.latent_shape[-1]
    assert settled(opened) != of_class


def test_a_browser_without_what_it_needs_says_so(opened: Opened, tutorial_page: Path) -> None:
    opened.page.add_init_script("delete window.DecompressionStream")
    opened.page.goto(tutorial_page.as_uri())
    assert "it lacks DecompressionStream" in opened.page.inner_text("#trouble")
    assert opened.page.is_hidden("#walk")
    assert opened.page.is_hidden("#walk-waiting")
    assert opened.page.locator("img").count() > 0
