"""The kit's own checks, on both parts."""

import pytest


@pytest.mark.vaekit_checks("resnet", kind="encoder")
@pytest.mark.vaekit_checks("resnet", kind="decoder")
def test_conforms(check):
    check()
