"""The kit's own checks, on every part."""

import pytest


@pytest.mark.vaekit_checks("von-mises-fisher", kind="latent")
@pytest.mark.vaekit_checks("poincare", kind="latent")
@pytest.mark.vaekit_checks("hamiltonian", kind="latent")
@pytest.mark.vaekit_checks("riemannian", kind="latent")
@pytest.mark.vaekit_checks("uniform-sphere", kind="prior")
@pytest.mark.vaekit_checks("wrapped-normal", kind="prior")
def test_conforms(check):
    check()
