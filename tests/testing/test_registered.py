"""To be registered is to be tested: every part that is installed, the kit's own among them.

Not those that the tests themselves register.
"""

from __future__ import annotations

import pytest

from vaekit.default_plugins.latents.normal import normal as normal_latent
from vaekit.registry import LOCAL
from vaekit.testing import registered

pytestmark = pytest.mark.backend
INSTALLED = [part for part in registered() if part.distribution != LOCAL]


@pytest.mark.vaekit_checks(*INSTALLED)
def test_registered_part_conforms(check):
    check()


def normal(latent_dim):
    return normal_latent(latent_dim, grid=True)


@pytest.mark.vaekit_checks(normal, kind="latent")
def test_normal_map_conforms(check):
    check()
