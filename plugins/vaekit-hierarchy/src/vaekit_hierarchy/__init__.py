"""The ladder VAE.

The factories are registered as text, so that finding this plugin imports no Keras.
"""

from __future__ import annotations

import vaekit

VAEKIT_API_VERSION = 2


@vaekit.hookimpl
def register_latents(register: vaekit.Register) -> None:
    """Offer the latent."""
    register(
        "two-level",
        "vaekit_hierarchy.two_level:two_level",
        summary="Ladder VAE of two groups, the lower one given the upper; its prior is learned.",
    )
