"""The kit's own checks, on every part."""

import pytest


@pytest.mark.vaekit_checks("m2", kind="loss")
def test_conforms(check):
    check()
