"""VAE-GAN, and the recipe of image tokenisers.

The factories are registered as text, so that finding this plugin imports no Keras.
"""

from __future__ import annotations

import vaekit

VAEKIT_API_VERSION = 2


@vaekit.hookimpl
def register_losses(register: vaekit.Register) -> None:
    """Offer the losses."""
    register(
        "vae-gan",
        "vaekit_adversarial.vae_gan:vae_gan",
        summary="VAE-GAN: errors in a discriminator's features, and images that deceive it.",
    )
    register(
        "image-tokenizer",
        "vaekit_adversarial.image_tokenizer:image_tokenizer",
        summary="Image tokeniser: pixels, a network's features, and a discriminator of patches.",
    )
