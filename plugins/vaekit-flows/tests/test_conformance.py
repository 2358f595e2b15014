"""The kit's own checks, on every part."""

import pytest


@pytest.mark.vaekit_checks("iaf", kind="latent")
@pytest.mark.vaekit_checks("planar", kind="latent")
@pytest.mark.vaekit_checks("radial", kind="latent")
@pytest.mark.vaekit_checks("sylvester", kind="latent")
@pytest.mark.vaekit_checks("maf", kind="prior")
@pytest.mark.vaekit_checks("realnvp", kind="prior")
def test_conforms(check):
    check()
