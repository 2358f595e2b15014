"""The kit's own checks, on every part."""

import pytest


@pytest.mark.vaekit_checks("vq", "von-mises-fisher", "iaf", "two-level", kind="latent")
@pytest.mark.vaekit_checks("uniform-sphere", kind="prior")
@pytest.mark.vaekit_checks("piwae", "vae-gan", kind="loss")
def test_conforms(check):
    check()
