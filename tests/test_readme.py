"""The commands and code of the README and of the tour, run as they are printed."""

from __future__ import annotations

import functools
import re
import tomllib
from pathlib import Path

import pytest

import vaekit
from tests import pages
from tests.pages import command

FEW = ("--limit", "64", "--epochs", "1")
pytestmark = pytest.mark.pictures

ROOT = Path(__file__).parent.parent
README, TOUR = ROOT / "README.md", ROOT / "docs" / "tour.md"


def blocks(page: Path, language: str) -> list[str]:
    return [block.code for block in pages.blocks(page, language)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the first command was run, on fewer images than a reader's."""
    folder = tmp_path_factory.mktemp("readme")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        first = blocks(README, "sh")[0].strip()
        assert first.startswith("pip install . && ")
        command(first.partition(" && ")[2].replace("\\\n", ""), *FEW)
    return folder


def test_second_command_runs_tox():
    assert blocks(README, "sh")[1].strip() == "pip install tox && tox"


@pytest.mark.slow
def test_tour(folder, monkeypatch):
    monkeypatch.chdir(folder)
    lines = blocks(TOUR, "bash")[0].strip().splitlines()
    assert len(lines) == 18
    for line in lines:
        command(line, *(FEW if line.startswith("vaekit train") else ()))
    for made in ("beta/VAE.keras", "latents.h5", "images.h5", "run/figures/interpolations.png"):
        assert (folder / made).stat().st_size > 0


@pytest.mark.slow
def test_own_images_and_config(folder, monkeypatch):
    from PIL import Image

    monkeypatch.chdir(folder)
    for name in ("cats/1.png", "cats/2.jpg", "dogs/1.png", "dogs/2.png"):
        path = folder / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.effect_noise((40, 30 + len(list(path.parent.iterdir()))), 50).save(path)
    first, second = blocks(TOUR, "bash")[1].strip().splitlines()
    few = ["--epochs", "1", "--batch-size", "2"]
    command(first, *few, "--out", "photos1")
    command(second, *few, "--out", "photos2")


@pytest.mark.slow
def test_going_on(folder, monkeypatch):
    monkeypatch.chdir(folder)
    first, second = blocks(TOUR, "bash")[2].strip().splitlines()
    command(first, "--limit", "64")
    command(second)


def test_python(folder, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.setattr(vaekit, "train", functools.partial(vaekit.train, limit=64), raising=False)
    names: dict[str, object] = {}
    for code in (*blocks(README, "python"), *blocks(TOUR, "py")[:2]):
        exec(code, names)
    assert names["rebuilt"].shape == (8, 28, 28, 1)
    mean, _ = names["posterior"].predict(names["images"] / 255, verbose=0)
    assert mean == pytest.approx(names["z_mean"], abs=1e-5)


def test_plugin_in_twenty_lines(site, tmp_path):
    module = blocks(TOUR, "py")[2]
    project = tomllib.loads(blocks(TOUR, "toml")[0])
    assert len([line for line in module.splitlines() if line.strip()]) <= 20
    points = project["project"]["entry-points"]["vaekit"]
    lines = "\n".join(f"{name} = {target}" for name, target in points.items())
    site.install(project["project"]["name"], module, points=lines)  # as pip would leave it
    site.discover()
    options = ["--data", "mnist-sample", *FEW, "--out", str(tmp_path / "run")]
    command("vaekit train --encoder tiny --encoder-opt units=64", *options)


def test_links_lead_somewhere():
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README.read_text("utf-8"))
    assert "docs/first-run.png" in links
    assert [link for link in links if not (ROOT / link).exists()] == []
