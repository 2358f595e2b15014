"""The kit's own checks, on every part."""

import pytest


@pytest.mark.vaekit_checks("ladder", kind="latent")
def test_conforms(check):
    check()
