"""The kit's own checks, on every part."""

import pytest


@pytest.mark.vaekit_checks("iwae", "miwae", "ciwae", "piwae", "free-bits", "capacity", kind="loss")
@pytest.mark.vaekit_checks("ar1", kind="prior")
def test_conforms(check):
    check()
