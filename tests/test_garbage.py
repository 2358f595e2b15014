"""Python's search for garbage is left out of an import, and is then as it was."""

from __future__ import annotations

import gc

import pytest

from vaekit.startup.garbage import uncollected


@pytest.mark.parametrize("enabled", [True, False])
def test_it_is_as_it_was(enabled):
    before = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        with uncollected():
            assert not gc.isenabled()
        assert gc.isenabled() == enabled
    finally:
        (gc.enable if before else gc.disable)()
