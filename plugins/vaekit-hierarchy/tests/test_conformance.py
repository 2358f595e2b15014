"""The kit's own checks, on every part."""

import pytest


@pytest.mark.vaekit_checks("two-level", kind="latent")
def test_conforms(check):
    check()
