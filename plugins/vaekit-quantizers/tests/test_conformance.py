"""The kit's own checks, on every part."""

import pytest


@pytest.mark.vaekit_checks("vq", "residual-vq", "fsq", "gumbel-softmax", kind="latent")
def test_conforms(check):
    check()


@pytest.mark.slow  # each takes as long as those above, of which it is made
@pytest.mark.vaekit_checks("product-vq", "residual-fsq", "lfq", kind="latent")
def test_kin_conforms(check):
    check()
