"""Normalizing flows: posteriors and priors.

The factories are registered as text, so that finding this plugin imports no Keras.
"""

from __future__ import annotations

import vaekit

VAEKIT_API_VERSION = 2


@vaekit.hookimpl
def register_latents(register: vaekit.Register) -> None:
    """Offer the posteriors."""
    register(
        "iaf",
        "vaekit_flows.iaf:iaf",
        summary="A normal made flexible by an inverse autoregressive flow.",
    )
    register(
        "planar",
        "vaekit_flows.planar:planar",
        summary="A normal pressed and stretched along planes, a planar flow.",
    )
    register(
        "radial",
        "vaekit_flows.radial:radial",
        summary="A normal drawn to or driven from centres, a radial flow.",
    )
    register(
        "sylvester",
        "vaekit_flows.sylvester:sylvester",
        summary="A normal bent along all directions at once, a Sylvester flow by reflections.",
    )


@vaekit.hookimpl
def register_priors(register: vaekit.Register) -> None:
    """Offer the priors."""
    register(
        "maf",
        "vaekit_flows.maf:maf",
        summary="A learned masked autoregressive flow: exact densities in one pass.",
    )
    register(
        "realnvp",
        "vaekit_flows.realnvp:realnvp",
        summary="A learned flow of affine couplings: densities and draws in one pass each.",
    )
