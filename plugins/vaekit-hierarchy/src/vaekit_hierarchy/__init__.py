"""The ladder VAE: a hierarchy of groups.

The factories are registered as text, so that finding this plugin imports no Keras.
"""

from __future__ import annotations

import vaekit

VAEKIT_API_VERSION = 2


@vaekit.hookimpl
def register_latents(register: vaekit.Register) -> None:
    """Offer the latent."""
    register(
        "ladder",
        "vaekit_hierarchy.ladder:ladder",
        summary="Ladder VAE: groups of values, each given those above; its prior is learned.",
    )
