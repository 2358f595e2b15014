"""That the contracts between modules have no holes: each module of the kit is in them."""

from __future__ import annotations

import re
import runpy
import shutil
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# What a part may import beside the facade: these are public, `vaekit.hookspecs` says.
PUBLIC = {"active_units", "distributions", "schedules", "stock_layers"}
# Nothing of the kit is to be imported from these by anybody.
TOP = {"__init__", "__main__", "default_plugins"}


def holes(root: Path) -> set[str]:
    """Modules of the kit in `root` that a contract leaves out, as `contract: module`."""
    settings = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    layers, facade, _ = settings["tool"]["importlinter"]["contracts"]
    assert layers["exhaustive"]
    assert facade["source_modules"] == ["vaekit.default_plugins"]
    modules = {
        path.stem
        for path in (root / "vaekit").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").is_file()
    }
    layered = {name for layer in layers["layers"] for name in re.split(r"\s*[|:]\s*", layer)}
    forbidden = {name.removeprefix("vaekit.") for name in facade["forbidden_modules"]}
    return {
        *(f"layers: {name}" for name in modules - layered - {"__init__"}),
        *(f"facade: {name}" for name in modules - forbidden - PUBLIC - TOP),
    }


def test_each_module_is_in_each_contract():
    assert holes(ROOT) == set()


@pytest.mark.parametrize("new", ["attic.py", "attic/__init__.py"])
def test_a_new_module_is_a_hole(tmp_path, new):
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "vaekit", tmp_path / "vaekit", ignore=shutil.ignore_patterns("*.pyc"))
    (tmp_path / "vaekit" / new).parent.mkdir(exist_ok=True)
    (tmp_path / "vaekit" / new).write_text('"""A room of nobody\'s."""\n')
    assert holes(tmp_path) == {"layers: attic", "facade: attic"}


def test_the_map_of_the_rooms_is_what_there_is():
    drawn = runpy.run_path(str(ROOT / "docs" / "draw_rooms.py"))["draw"]()
    stale = "Stale: run python docs/draw_rooms.py."
    assert (ROOT / "docs" / "rooms.svg").read_text("utf-8") == drawn, stale
