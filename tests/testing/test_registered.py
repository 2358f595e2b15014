"""To be registered is to be tested: every part that is installed, the kit's own among them."""

from __future__ import annotations

from vaekit.plugins import discover
from vaekit.testing import parametrize_with_checks


@parametrize_with_checks(discover().registry)
def test_registered_part_conforms(check):
    check()
