"""Distributions that aren't installed are taken from the folders beside this file."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import vaekit

for project in sorted(Path(__file__).parent.glob("vaekit-*/pyproject.toml")):
    folder = project.parent
    try:
        distribution(folder.name)
    except PackageNotFoundError:
        source = folder / "src"
        sys.path.insert(0, str(source))
        vaekit.load_plugin(source / folder.name.replace("-", "_") / "__init__.py")
