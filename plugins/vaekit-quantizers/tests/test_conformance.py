"""The kit's own checks, on every part."""

import pytest


@pytest.mark.vaekit_checks(
    *("vq", "residual-vq", "product-vq", "fsq", "residual-fsq", "lfq", "gumbel-softmax"),
    kind="latent",
)
def test_conforms(check):
    check()
