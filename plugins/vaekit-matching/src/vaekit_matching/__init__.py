"""WAE, InfoVAE, adversarial and regularised autoencoders.

The factories are registered as text, so that finding this plugin imports no Keras.
"""

from __future__ import annotations

import vaekit

VAEKIT_API_VERSION = 2


@vaekit.hookimpl
def register_losses(register: vaekit.Register) -> None:
    """Offer the losses."""
    register(
        "wae-mmd",
        "vaekit_matching.wae_mmd:wae_mmd",
        summary="WAE: squared error, and the maximum mean discrepancy of z from the prior.",
    )
    register(
        "info-vae",
        "vaekit_matching.info_vae:info_vae",
        summary="InfoVAE: the ELBO with less KL, and the discrepancy of z from the prior.",
    )
    register(
        "aae",
        "vaekit_matching.aae:aae",
        summary="Adversarial autoencoder: z deceives a discriminator that knows the prior.",
    )
    register(
        "rae-l2",
        "vaekit_matching.rae:rae_l2",
        summary="Regularised autoencoder: small z, and small kernels of the decoder.",
    )
    register(
        "rae-gp",
        "vaekit_matching.rae:rae_gp",
        summary="Regularised autoencoder: small z, and a decoder of small slope in z.",
    )
    register(
        "rae-sn",
        "vaekit_matching.rae:rae_sn",
        summary="Regularised autoencoder: small z, and decoder kernels of small spectral norm.",
    )
