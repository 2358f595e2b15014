"""The page of a comparison in a browser: charts, their choice, and images."""

from __future__ import annotations

from pathlib import Path

import pytest

import vaekit
from tests.browser.conftest import Opened
from tests.made_up_runs import copied, with_seed

SHOWN = "echarts.getInstanceByDom(document.getElementById('{}')).getOption()"


@pytest.fixture(scope="module")
def page_file(digits_run: vaekit.Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compared")
    for rate in (0.001, 0.002):
        for seed in range(2):

            def change(record: dict, rate: float = rate, seed: int = seed) -> None:
                with_seed(seed)(record)
                record["config"]["learning_rate"] = rate

            columns = {"val_kl": 3.0 + seed, "val_elbo": -400.0 - 1000 * rate - seed}
            copied(digits_run.path, folder / f"{rate:g}-{seed}", change, **columns)
    return vaekit.compare(folder).write_page(folder / "compare.html")


def test_the_page_shows_curves_points_and_images(opened: Opened, page_file: Path) -> None:
    page = opened.page
    page.goto(page_file.as_uri())
    curves = page.evaluate(SHOWN.format("curves"))
    assert curves["yAxis"][0]["name"] == "elbo, held-out images"
    assert [series["name"] for series in curves["series"][::3]] == [
        "learning_rate=0.001",
        "learning_rate=0.002",
    ]
    # A line of the means and a band of one standard deviation to either side.
    line, low, height = (series["data"][0][1] for series in curves["series"][:3])
    assert line == pytest.approx(-401.5)
    assert low == pytest.approx(-401.5 - 0.5**0.5)
    assert height == pytest.approx(2 * 0.5**0.5)

    page.select_option("#term", "val_mse")
    curves = page.evaluate(SHOWN.format("curves"))
    assert curves["yAxis"][0]["name"] == "mse, held-out images"
    assert 0 < curves["series"][0]["data"][0][1] < 1

    points = page.evaluate(SHOWN.format("points"))["series"]
    assert [point["value"] for point in points[0]["data"]] == [[3, 398], [4, 398]]
    assert page.locator("#reconstructed img").count() == 5
    assert page.locator("#decoded img").count() == 4
    assert page.evaluate("[...document.images].every((image) => image.naturalWidth > 100)")
    assert page.locator("td.best").count() > 0
    assert opened.asked_elsewhere() == []
    # Nothing is wider than the window.
    assert page.evaluate("document.body.scrollWidth <= window.innerWidth")
