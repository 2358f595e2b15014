"""`vaekit plugins new`: what it writes, and what it refuses. No part is built here."""

from __future__ import annotations

import ast
import os
import tomllib
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

import vaekit
from vaekit.cli import main
from vaekit.hookspecs import API_VERSION
from vaekit.registry import KINDS
from vaekit.scaffold import render


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def new(*args):
    return CliRunner().invoke(main, ["plugins", "new", *map(str, args)], prog_name="vaekit")


def made(name, kind="encoder"):
    """The folder of a plugin that could be made."""
    result = new(name, "--kind", kind)
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    return Path(name)


def refused(*args):
    """The sentence of a refusal that left nothing behind."""
    before = sorted(Path.cwd().rglob("*"))
    result = new(*args)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert sorted(Path.cwd().rglob("*")) == before
    return " ".join(result.stderr.split())


def files_of(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_made(kind):
    folder = made("vaekit-mine", kind)
    assert files_of(folder) == {
        "pyproject.toml",
        "README.md",
        "LICENSE",
        ".gitignore",
        ".github/workflows/test.yml",
        "src/vaekit_mine/__init__.py",
        f"src/vaekit_mine/{kind}.py",
        f"tests/test_{kind}.py",
    }
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project["name"] == "vaekit-mine"
    assert project["entry-points"] == {"vaekit": {"mine": "vaekit_mine"}}
    assert f"vaekit>={vaekit.__version__}" in project["dependencies"]
    assert f"\nVAEKIT_API_VERSION = {API_VERSION}\n" in (
        folder / "src/vaekit_mine/__init__.py"
    ).read_text(encoding="utf-8")
    for path in folder.rglob("*.*"):
        if path.is_file() and path.name != "test.yml":  # GitHub's own placeholders
            assert "$" not in path.read_text(encoding="utf-8"), path


@pytest.mark.parametrize("kind", KINDS)
def test_its_test_has_three_lines(kind):
    text = (made("vaekit-mine", kind) / f"tests/test_{kind}.py").read_text(encoding="utf-8")
    (function,) = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    assert text.splitlines()[function.decorator_list[0].lineno - 1 :] == [
        f'@pytest.mark.vaekit_checks("mine", kind="{kind}")',
        "def test_conforms(check):",
        "    check()",
    ]


def test_its_ci_runs_on_every_python_that_it_takes():
    folder = made("vaekit-mine")
    workflow = yaml.safe_load((folder / ".github/workflows/test.yml").read_text())
    (job,) = workflow["jobs"].values()
    assert job["strategy"]["matrix"]["python-version"] == ["3.11", "3.12", "3.13"]
    assert job["steps"][1]["with"]["python-version"] == "${{ matrix.python-version }}"
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == ">=3.11"


@pytest.mark.parametrize(
    ("name", "distribution", "part", "package"),
    [
        ("vaekit-mine", "vaekit-mine", "mine", "vaekit_mine"),
        ("mine", "mine", "mine", "mine"),
        ("Vaekit_Mine.Two", "vaekit-mine-two", "mine-two", "vaekit_mine_two"),
        ("vaekit-3d", "vaekit-3d", "3d", "vaekit_3d"),
        ("vaekit-vaekit-mine", "vaekit-vaekit-mine", "vaekit-mine", "vaekit_vaekit_mine"),
    ],
)
def test_names_follow_from_the_distributions(name, distribution, part, package):
    folder = made(name)
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project["name"] == distribution
    assert project["entry-points"]["vaekit"] == {part: package}
    assert f'"{part}",' in (folder / "src" / package / "__init__.py").read_text()


def test_it_says_what_to_do_next():
    assert new("vaekit-mine", "--kind", "dataset").stdout.splitlines() == [
        "Made vaekit-mine: the dataset 'mine', to be changed in "
        "vaekit-mine/src/vaekit_mine/dataset.py.",
        "Install, check and train it:",
        "  pip install ./vaekit-mine",
        "  vaekit plugins check mine",
        "  vaekit train --data mine",
    ]


def test_another_folder_can_be_asked_for(tmp_path):
    folder = tmp_path / "a folder"
    result = new("vaekit-mine", "--kind", "loss", "--out", folder)
    assert result.exit_code == 0
    assert (folder / "src/vaekit_mine/loss.py").is_file()
    assert f"  pip install '{folder}'" in result.stdout.splitlines()
    assert not list(Path.cwd().iterdir())


@pytest.mark.parametrize(
    "name", ["-mine", "mine-", "my plugin", "../mine", "mine/two", "mïne", "", "mine\n", "vaekit-"]
)
def test_what_is_no_distribution_name_is_refused(name):
    assert "is no name for a distribution: use letters" in refused("--kind", "loss", "--", name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("3d", "would hold the package '3d', which Python can't import"),
        ("class", "would hold the package 'class', which Python can't import"),
        ("json", "would hold the package 'json', and hide the module of that name"),
        ("sklearn", "would hold the package 'sklearn', and hide the module of that name"),
        ("vaekit", f"The distribution vaekit {vaekit.__version__} is installed already"),
        ("PyTest", "The distribution pytest "),
        ("vaekit-conv5", f"The encoder 'conv5' is taken by vaekit {vaekit.__version__}"),
    ],
)
def test_a_name_that_is_taken_or_no_use_is_refused(name, reason):
    assert reason in refused(name, "--kind", "encoder")


def test_a_name_is_taken_for_its_kind_only():
    made("vaekit-conv5", "decoder")


def test_the_name_of_another_plugins_part_is_refused(site):
    site.install(
        "wide-parts",
        """
        import vaekit

        @vaekit.hookimpl
        def register_losses(register):
            register("wide", dict)
        """,
    )
    site.discover()
    sentence = refused("vaekit-wide", "--kind", "loss")
    assert "The loss 'wide' is taken by wide-parts 1.2.3: choose another name." in sentence


@pytest.mark.parametrize("make", [Path.mkdir, Path.touch, lambda path: path.symlink_to("nowhere")])
def test_what_is_there_already_is_left_alone(make):
    make(Path("vaekit-mine"))
    assert "vaekit-mine is there already" in refused("vaekit-mine", "--kind", "loss")


@pytest.mark.parametrize(
    ("out", "reason"),
    [
        ("no/such/folder", "There is no folder no/such to make folder in."),
        ("/proc/vaekit-mine", "Can't write /proc/vaekit-mine: "),
        ("x" * 300, "File name too long"),
    ],
)
def test_a_folder_that_cannot_be_made_is_refused(out, reason):
    assert reason in refused("vaekit-mine", "--kind", "loss", "--out", out)


def test_a_disk_that_is_full_half_way_leaves_nothing(monkeypatch):
    flush, count = os.fsync, 0

    def full(descriptor):
        nonlocal count
        count += 1
        if count == 4:
            raise OSError(28, "No space left on device")
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    result = new("vaekit-mine", "--kind", "loss")
    assert (result.exit_code, result.stdout) == (1, "")  # nobody's mistake
    assert "No room left to write vaekit-mine." in " ".join(result.stderr.split())
    assert not list(Path.cwd().iterdir())
    assert count == 4


def test_a_kind_without_a_template_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(render, "TEMPLATES", tmp_path)
    assert "There is no template of a loss" in refused("vaekit-mine", "--kind", "loss")


def test_an_unknown_kind_is_refused_with_those_that_there_are():
    sentence = refused("vaekit-mine", "--kind", "coder")
    assert all(f"'{kind}'" in sentence for kind in KINDS)
