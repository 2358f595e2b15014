"""The kit's own checks, on every part."""

import pytest


@pytest.mark.vaekit_checks("piwae", kind="loss")
def test_conforms(check):
    check()
