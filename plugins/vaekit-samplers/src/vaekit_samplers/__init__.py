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
