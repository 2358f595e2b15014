"""Each distribution of this folder, seen as vaekit sees it: names, options, what they refuse."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
import vaekit
import vaekit.options
import vaekit.plugins
from vaekit.registry import Component

PLUGINS = Path(__file__).parents[1]
FOLDERS = sorted(project.parent.name for project in PLUGINS.glob("vaekit-*/pyproject.toml"))
# Parts come under the name of the distribution, or, taken from its folder, of its file.
PARTS = [
    part
    for part in vaekit.plugins.discover().registry
    if any(folder.replace("-", "_") in str(part.factory) for folder in FOLDERS)
]
every_folder = pytest.mark.parametrize("folder", FOLDERS)
every_part = pytest.mark.parametrize("part", PARTS, ids=lambda part: f"{part.kind} {part.name}")


def test_one_command_installs_them_all() -> None:
    assert (PLUGINS / "all.txt").read_text().split() == [f"./plugins/{name}" for name in FOLDERS]


@every_folder
def test_entry_point_is_its_package(folder: str) -> None:
    package = folder.replace("-", "_")
    project = tomllib.loads((PLUGINS / folder / "pyproject.toml").read_text())["project"]
    assert list(project["entry-points"]["vaekit"].values()) == [package]
    try:
        points = distribution(folder).entry_points
    except PackageNotFoundError:
        return  # the other backends' tests take it from its folder
    assert [(point.group, point.value) for point in points] == [("vaekit", package)]


@every_folder
def test_hatchling_alone_builds_it(folder: str) -> None:
    """These tests install it without an environment of its own to build in."""
    system = tomllib.loads((PLUGINS / folder / "pyproject.toml").read_text())["build-system"]
    assert system == {"requires": ["hatchling"], "build-backend": "hatchling.build"}


@every_folder
def test_it_offers_parts_and_its_readme_names_each(folder: str) -> None:
    package = folder.replace("-", "_")
    names = [part.name for part in PARTS if str(part.factory).startswith(f"{package}.")]
    readme = (PLUGINS / folder / "README.md").read_text()
    assert names
    assert [name for name in names if f"`{name}`" not in readme] == []


def test_finding_them_imports_no_keras() -> None:
    packages = [folder.replace("-", "_") for folder in FOLDERS]
    code = f"import sys, {', '.join(packages)}; print({{'keras', 'tensorflow'}} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert done.stdout.strip() == "set()"


@every_part
def test_is_summarised_and_names_its_source(part: Component) -> None:
    assert part.summary
    assert part.load().__doc__


@every_part
def test_each_option_has_a_meaning_and_a_default_that_it_takes(part: Component) -> None:
    options = vaekit.options.options_of(part)
    assert all(option.meaning for option in options.values())
    vaekit.options.check_options(part, {name: o.default for name, o in options.items()})


@pytest.mark.parametrize(
    ("kind", "name", "option", "value"),
    [
        ("latent", "vq", "codes", "1"),
        ("latent", "vq", "decay", "1"),
        ("latent", "vq", "restart", "-1"),
        ("latent", "iaf", "units", "0"),
        ("latent", "ladder", "groups", "0"),
        ("latent", "ladder", "posterior", "prior"),
        ("latent", "planar", "steps", "-1"),
        ("prior", "maf", "steps", "0"),
        ("loss", "piwae", "groups", "0"),
        ("loss", "piwae", "sigma", "0"),
        ("loss", "ciwae", "beta", "1.1"),
        ("loss", "capacity", "steps", "0"),
        ("loss", "vae-gan", "gamma", "-1"),
        ("loss", "image-tokenizer", "start", "-1"),
        ("prior", "ar1", "alpha", "1"),
    ],
)
def test_options_out_of_bounds_are_refused(kind: str, name: str, option: str, value: str) -> None:
    part = vaekit.plugins.discover().registry.get(kind, name)
    with pytest.raises(vaekit.OptionError, match=rf"'{name}' takes {option}="):
        vaekit.options.check_options(part, {option: value})
