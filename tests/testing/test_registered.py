"""To be registered is to be tested: every part that is installed, the kit's own among them."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.backend


@pytest.mark.vaekit_checks
def test_registered_part_conforms(check):
    check()
