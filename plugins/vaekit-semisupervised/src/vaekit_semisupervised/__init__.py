"""M2.

The factories are registered as text, so that finding this plugin imports no Keras.
"""

from __future__ import annotations

import vaekit

VAEKIT_API_VERSION = 2


@vaekit.hookimpl
def register_losses(register: vaekit.Register) -> None:
    """Offer the loss."""
    register(
        "m2",
        "vaekit_semisupervised.m2:m2",
        summary="M2: few labels; a classifier, and a VAE of each class by which it learns.",
    )
