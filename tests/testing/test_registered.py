"""To be registered is to be tested: every part that is installed, the kit's own among them."""

from __future__ import annotations

import pytest

from vaekit.default_plugins.latents.normal import normal as normal_latent

pytestmark = pytest.mark.backend


@pytest.mark.vaekit_checks
def test_registered_part_conforms(check):
    check()


def normal(latent_dim):
    return normal_latent(latent_dim, grid=True)


@pytest.mark.vaekit_checks(normal, kind="latent")
def test_normal_map_conforms(check):
    check()
