"""Distributions that aren't installed are taken from the folders beside this file."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
import vaekit

for project in sorted(Path(__file__).parent.glob("vaekit-*/pyproject.toml")):
    folder = project.parent
    try:
        distribution(folder.name)
    except PackageNotFoundError:
        source = folder / "src"
        sys.path.insert(0, str(source))
        vaekit.load_plugin(source / folder.name.replace("-", "_") / "__init__.py")

# What takes most of the time of all conformance checks. tests/test_combinations.py shows that all
# weights move, tests/test_saved_models.py and each backbone's tests that files open again.
LONG_CHECKS = (
    "gradients_reach_every_variable",
    "trains_ten_steps",
    "opens_in_a_fresh_process",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the longest checks to the runs that ask for what is slow."""
    for item in items:
        if item.name.endswith(tuple(f"-{check}]" for check in LONG_CHECKS)):
            item.add_marker(pytest.mark.slow)
