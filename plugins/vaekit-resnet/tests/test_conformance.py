"""The kit's own checks, on all parts."""

import pytest


@pytest.mark.vaekit_checks("resnet", kind="encoder")
@pytest.mark.vaekit_checks("resnet", kind="decoder")
@pytest.mark.vaekit_checks("resnet-map", kind="encoder")
@pytest.mark.vaekit_checks("resnet-map", kind="decoder")
def test_conforms(check):
    check()
