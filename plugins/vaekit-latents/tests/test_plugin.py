"""The plugin, seen as vaekit sees it: its names, options and what they refuse."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
import vaekit
import vaekit.options
import vaekit.plugins
from vaekit.registry import Component

import vaekit_latents

OPTIONS = {
    ("latent", "vq"): {"codes": 512, "decay": 0.99, "commitment": 0.25, "restart": 0.05},
    ("latent", "von-mises-fisher"): {},
    ("latent", "iaf"): {"steps": 2, "units": 32},
    ("latent", "two-level"): {"top": None, "units": 64},
    ("prior", "uniform-sphere"): {},
    ("loss", "piwae"): {"groups": 4, "samples": 4, "likelihood": "bernoulli", "sigma": 0.1},
    ("loss", "vae-gan"): {"gamma": 0.01, "width": 32, "learning_rate": 3e-4},
}
every = pytest.mark.parametrize(("kind", "name"), list(OPTIONS))


def component(kind: str, name: str) -> Component:
    return vaekit.plugins.discover().registry.get(kind, name)


def test_entry_point_is_found() -> None:
    try:
        points = distribution("vaekit-latents").entry_points
    except PackageNotFoundError:
        pytest.skip("not installed: pip install ./plugins/vaekit-latents")
    assert [(p.group, p.name, p.value) for p in points] == [("vaekit", "latents", "vaekit_latents")]


def test_finding_it_imports_no_keras() -> None:
    code = "import sys, vaekit_latents; print({'keras', 'tensorflow'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=Path(vaekit_latents.__file__).parents[1],
    )
    assert done.stdout.strip() == "set()"


@every
def test_is_registered_with_a_summary_and_a_source(kind: str, name: str) -> None:
    part = component(kind, name)
    assert part.summary
    assert "arXiv:1" in (part.load().__doc__ or "")


@every
def test_options_are_read_from_the_signature_and_each_has_a_meaning(kind: str, name: str) -> None:
    options = vaekit.options.options_of(component(kind, name))
    assert {o.name: o.default for o in options.values()} == OPTIONS[kind, name]
    assert all(option.meaning for option in options.values())


@pytest.mark.parametrize(
    ("kind", "name", "option", "value"),
    [
        ("latent", "vq", "codes", "1"),
        ("latent", "vq", "decay", "1"),
        ("latent", "vq", "restart", "-1"),
        ("latent", "iaf", "units", "0"),
        ("latent", "two-level", "top", "0"),
        ("loss", "piwae", "groups", "0"),
        ("loss", "piwae", "sigma", "0"),
        ("loss", "vae-gan", "gamma", "-1"),
    ],
)
def test_options_out_of_bounds_are_refused(kind: str, name: str, option: str, value: str) -> None:
    with pytest.raises(vaekit.OptionError, match=rf"'{name}' takes {option}="):
        vaekit.options.check_options(component(kind, name), {option: value})
