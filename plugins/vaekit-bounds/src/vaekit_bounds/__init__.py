"""PIWAE.

The factories are registered as text, so that finding this plugin imports no Keras.
"""

from __future__ import annotations

import vaekit

VAEKIT_API_VERSION = 2


@vaekit.hookimpl
def register_losses(register: vaekit.Register) -> None:
    """Offer the loss."""
    register(
        "piwae",
        "vaekit_bounds.piwae:piwae",
        summary="PIWAE: the decoder by one tight importance-weighted bound, the encoder by more.",
    )
