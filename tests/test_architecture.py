"""That the contracts between modules have no holes: each module of the kit is in them."""

from __future__ import annotations

import ast
import re
import runpy
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from vaekit.plugins import discover

ROOT = Path(__file__).parent.parent
# What a part may import beside the facade: these are public, `vaekit.hookspecs` says.
PUBLIC = {"active_units", "autodiff", "distributions", "schedules", "stock_layers"}
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


@pytest.mark.parametrize("picture", ["rooms", "step"])
def test_pictures_of_the_code_are_what_their_scripts_draw(picture):
    drawn = runpy.run_path(str(ROOT / "docs" / f"draw_{picture}.py"))["draw"]()
    stale = f"Stale: run python docs/draw_{picture}.py."
    assert (ROOT / "docs" / f"{picture}.svg").read_text("utf-8") == drawn, stale


# Rooms that work with whatever parts a run has.
NAMELESS = (
    "trainer",
    "engine",
    "cli",
    "comparison",
    "run",
    "run_directory",
    "model",
    "inference",
    "figures",
)
# Where one of them has the word nevertheless, and why.
NAMED = {
    (
        "run_directory/older_records.py",
        "normal",
    ): "the latent of records from before there was a choice",
    ("figures/names.py", "normal"): "a weight of fonts",
}


def texts(source: str) -> Iterator[str]:
    """The strings of a module, those of f-strings included, without docstrings."""
    tree = ast.parse(source)
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and ast.get_docstring(node) is not None
    }
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and id(node) not in docstrings:
            yield text


def named_parts(source: str, names: set[str]) -> set[str]:
    """Which of these parts a module names: a whole string, or quoted in a sentence."""
    return {name for name in names for text in texts(source) if text == name or f"'{name}'" in text}


def test_no_latent_and_no_prior_is_named_where_runs_are_made_and_used():
    names = {part.name for part in discover().registry if part.kind in ("latent", "prior")}
    assert {"normal", "vamp"} <= names
    sites = {
        (str(path.relative_to(ROOT / "vaekit")), name)
        for room in NAMELESS
        for path in (ROOT / "vaekit" / room).rglob("*.py")
        for name in named_parts(path.read_text("utf-8"), names)
    }
    assert sites == NAMED.keys()


@pytest.mark.parametrize(
    "code",
    [
        'if part.name == "vamp": ...',
        "raise BuildError(f\"{loss} can't: choose the prior 'vamp'.\")",
        'PRIORS = {"vamp": 1}',
    ],
)
def test_a_name_in_a_branch_a_table_or_a_message_is_seen(code):
    assert named_parts(f'"""A module that documents vamp."""\n{code}', {"vamp"}) == {"vamp"}


def test_a_name_in_a_docstring_or_a_word_of_a_sentence_is_none():
    code = '"""vamp"""\nmessage = "a vamp of no kind"\ndef f():\n    """vamp"""\n'
    assert named_parts(code, {"vamp"}) == set()
