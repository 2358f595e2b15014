"""The kit's own checks, on every loss."""

import pytest


@pytest.mark.vaekit_checks("beta-tcvae", "dip-vae", "factor-vae", kind="loss")
def test_conforms(check):
    check()
