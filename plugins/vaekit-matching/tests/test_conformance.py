"""The kit's own checks, on every part."""

import pytest


@pytest.mark.vaekit_checks("wae-mmd", "info-vae", "aae", "rae-l2", "rae-gp", "rae-sn", kind="loss")
def test_conforms(check):
    check()
