"""The kit's own checks, on all parts."""

import pytest


@pytest.mark.vaekit_checks("burgess", kind="encoder")
@pytest.mark.vaekit_checks("burgess", kind="decoder")
@pytest.mark.vaekit_checks("kl-f4", kind="encoder")
@pytest.mark.vaekit_checks("kl-f4", kind="decoder")
@pytest.mark.vaekit_checks("kl-f8", kind="encoder")
@pytest.mark.vaekit_checks("kl-f8", kind="decoder")
def test_conforms(check):
    check()
