"""VQ-VAE.

The factories are registered as text, so that finding this plugin imports no Keras.
"""

from __future__ import annotations

import vaekit

VAEKIT_API_VERSION = 2


@vaekit.hookimpl
def register_latents(register: vaekit.Register) -> None:
    """Offer the latent."""
    register(
        "vq",
        "vaekit_quantizers.vq:vq",
        summary="VQ-VAE: vectors of a codebook that follows averages; dead codes start anew.",
    )
