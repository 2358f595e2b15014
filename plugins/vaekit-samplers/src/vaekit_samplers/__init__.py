"""Samplers.

The factories are registered as text, so that finding this plugin imports no Keras.
"""

from __future__ import annotations

import vaekit

VAEKIT_API_VERSION = 2


@vaekit.hookimpl
def register_samplers(register: vaekit.Register) -> None:
    """Offer the samplers."""
    register(
        "mixture",
        "vaekit_samplers.mixture:mixture",
        summary="A mixture of normals, fitted on the codes.",
    )
    register(
        "two-stage",
        "vaekit_samplers.two_stage:two_stage",
        summary="A second VAE on the codes of the first.",
    )
    register(
        "maf",
        "vaekit_samplers.maf:maf",
        summary="A masked autoregressive flow, fitted on the codes.",
    )
    register(
        "vamp",
        "vaekit_samplers.vamp:vamp",
        summary="The mixture of the posteriors of training images.",
    )
    register(
        "autoregressive",
        "vaekit_samplers.autoregressive:autoregressive",
        summary="A PixelCNN over codes.",
    )
    register(
        "hypersphere",
        "vaekit_samplers.hypersphere:hypersphere",
        summary="Points of a sphere between codes and their nearest neighbours.",
    )
