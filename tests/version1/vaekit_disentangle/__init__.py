"""Losses for disentangled latents: `beta-tcvae`, `factor-vae` and `dip-vae`.

The factories are registered as text, so that finding this plugin imports no Keras.
"""

from __future__ import annotations

import vaekit

VAEKIT_API_VERSION = 1


@vaekit.hookimpl
def register_losses(register: vaekit.Register) -> None:
    """Offer the three losses."""
    register(
        "beta-tcvae",
        "vaekit_disentangle.beta_tcvae:beta_tcvae",
        summary="beta-TCVAE: the KL in three parts, the total correlation weighted most.",
    )
    register(
        "factor-vae",
        "vaekit_disentangle.factor_vae:factor_vae",
        summary="FactorVAE: total correlation estimated by a discriminator.",
    )
    register(
        "dip-vae",
        "vaekit_disentangle.dip_vae:dip_vae",
        summary="DIP-VAE I and II: the latents' covariance drawn to the identity.",
    )
