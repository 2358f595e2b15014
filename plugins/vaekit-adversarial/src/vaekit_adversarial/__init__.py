"""VAE-GAN.

The factories are registered as text, so that finding this plugin imports no Keras.
"""

from __future__ import annotations

import vaekit

VAEKIT_API_VERSION = 2


@vaekit.hookimpl
def register_losses(register: vaekit.Register) -> None:
    """Offer the loss."""
    register(
        "vae-gan",
        "vaekit_adversarial.vae_gan:vae_gan",
        summary="VAE-GAN: errors in a discriminator's features, and images that deceive it.",
    )
