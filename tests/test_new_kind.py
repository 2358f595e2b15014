"""A kind of part is added in three places, and the whole kit takes it from there.

The places are the hook, the registry's entry, and the stub of public names, beside a builder in a
file of its own. They are edited in a copy of the package, and the copy's own command line is used.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import vaekit

HOOK = '''

@hookspec
def register_dice(register: Register) -> None:
    """Offer dice: `f(latent_dim, **options) -> Any`."""
'''
ENTRY = """        Kind(
            "die", "register_dice", ("latent_dim",), "Die.", "vaekit.model.dice:build_die"
        ),
"""
STUB = "register_die: Register\n"
BUILDER = """
from typing import Any

from vaekit.errors import BuildError
from vaekit.model.builders import Context, Part, call_factory


def build_die(part: Part, context: Context) -> Any:
    die = call_factory(part, context)
    if die["sides"] < 2:
        raise BuildError(f"The die {part.name!r} has {die['sides']} sides; at least 2.")
    return die
"""
PLUGIN = '''
import vaekit


def fair(latent_dim, *, sides: int = 6):
    """A die.

    Args:
        sides: how many faces it has.
    """
    return {"latent_dim": latent_dim, "sides": sides}


@vaekit.hookimpl
def register_dice(register):
    register("fair", fair, summary="Every side alike.")
    register("loaded", fair, summary="Not so.")
'''
TINY = [
    *("--data", "images.npz", "--latent-dim", "3", "--epochs", "1", "--batch-size", "8"),
    *("--encoder-opt", "width=4", "--decoder-opt", "width=4", "--out", "run"),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with a copy of vaekit that has one more kind, a plugin that offers two, and data."""
    import numpy as np

    folder = tmp_path_factory.mktemp("kind")
    package = folder / "vaekit"
    shutil.copytree(Path(vaekit.__file__).parent, package)
    before = {path: path.read_bytes() for path in package.rglob("*.py*")}
    append(package / "hookspecs.py", HOOK)
    registry = package / "registry.py"
    last = '        Kind("dataset",'
    registry.write_text(registry.read_text().replace(last, ENTRY + last))
    append(package / "__init__.pyi", STUB)
    (package / "model" / "dice.py").write_text(BUILDER)
    changed = [path for path, content in before.items() if path.read_bytes() != content]
    assert len(changed) == 3
    (folder / "dice.py").write_text(PLUGIN)
    pixels = np.random.default_rng(0).integers(0, 256, (20, 8, 8), dtype="uint8")
    np.savez(folder / "images.npz", x_train=pixels)
    return folder


def append(path, text):
    path.write_text(path.read_text() + text)


def vaekit_in(home, *args):
    return subprocess.run(
        [sys.executable, "-m", "vaekit", *args, "--plugin", "dice.py"],
        cwd=home,
        env={**os.environ, "PYTHONPATH": str(home)},
        capture_output=True,
        text=True,
    )


def test_it_is_listed_shown_and_offered(home):
    listed = vaekit_in(home, "plugins", "list")
    assert "die      fair" in listed.stdout, listed.stderr
    shown = vaekit_in(home, "plugins", "show", "fair")
    assert "sides=6  (int)  how many faces it has." in shown.stdout, shown.stderr
    text = " ".join(vaekit_in(home, "train", "--help").stdout.split())
    assert "--die NAME Die." in text
    assert "--die-opt K=V An option of the die." in text


@pytest.mark.slow
def test_a_run_has_it_and_does_not_go_on_without(home):
    made = vaekit_in(home, "train", *TINY, "--die", "fair", "--die-opt", "sides=8")
    assert made.returncode == 0, made.stderr
    record = json.loads((home / "run" / "run.json").read_text())
    assert list(record["parts"]) == ["encoder", "latent", "decoder", "loss", "die"]
    die = record["parts"]["die"]
    assert (die["name"], die["distribution"], die["options"]) == ("fair", "local", {"sides": 8})
    assert (record["config"]["die"], record["config"]["die_opt"]) == ("fair", {"sides": 8})

    asked = ("--die", "loaded", "--die-opt", "sides=20", "--epochs", "2", "--resume")
    other = vaekit_in(home, "train", *TINY, *asked)
    assert other.returncode == 2, other.stderr
    assert "die: was fair of local" in other.stderr
    assert "die_opt: was {'sides': 8}, is {'sides': 20}" in other.stderr
    none = vaekit_in(home, "train", *TINY, "--epochs", "2", "--resume")
    assert none.returncode == 2
    assert "is None" in none.stderr


@pytest.mark.slow
def test_its_builder_is_asked(home):
    refused = vaekit_in(
        home, "train", *TINY, "--die", "fair", "--die-opt", "sides=1", "--out", "none"
    )
    assert refused.returncode == 2
    assert "The die 'fair' has 1 sides; at least 2." in refused.stderr
    assert not (home / "none").exists()
