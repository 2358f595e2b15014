"""The kit's own checks, on every part."""

import pytest


@pytest.mark.vaekit_checks("mixture", kind="sampler")
@pytest.mark.vaekit_checks("vamp", kind="sampler")
@pytest.mark.vaekit_checks("hypersphere", kind="sampler")
def test_conforms(check):
    check()


@pytest.mark.slow  # networks, which are compiled for each fit
@pytest.mark.vaekit_checks("two-stage", kind="sampler")
@pytest.mark.vaekit_checks("maf", kind="sampler")
@pytest.mark.vaekit_checks("autoregressive", kind="sampler")
def test_networks_conform(check):
    check()
