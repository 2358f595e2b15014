"""`pytest -m quick`: it has tests of each area that it is there for, and none that takes long."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.quick


@pytest.fixture
def quick(request):
    """The tests marked so; whoever asks for some files only hasn't collected them."""
    if "tests" not in {Path(argument).name for argument in request.config.args}:
        pytest.skip("not all tests were collected")
    return [item for item in request.session.items if item.get_closest_marker("quick")]


@pytest.mark.parametrize(
    "area", ["config", "data/", "distributions", "losses", "options", "registry", "train"]
)
def test_has_every_area(quick, area):
    assert any(
        f"tests/{area}" in name or f"test_{area}" in name for name in (i.nodeid for i in quick)
    )


def test_has_nothing_slow(quick):
    assert not [item.nodeid for item in quick if item.get_closest_marker("slow")]
