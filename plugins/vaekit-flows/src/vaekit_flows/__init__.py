"""IAF posteriors.

The factories are registered as text, so that finding this plugin imports no Keras.
"""

from __future__ import annotations

import vaekit

VAEKIT_API_VERSION = 2


@vaekit.hookimpl
def register_latents(register: vaekit.Register) -> None:
    """Offer the latent."""
    register(
        "iaf",
        "vaekit_flows.iaf:iaf",
        summary="A normal made flexible by an inverse autoregressive flow.",
    )
