"""The kit's own checks, on every part."""

import pytest


@pytest.mark.vaekit_checks("label-accuracy", kind="metric")
def test_conforms(check):
    check()
