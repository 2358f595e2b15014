"""Latents `vq`, `von-mises-fisher`, `iaf`, `two-level`; losses `piwae`, `vae-gan`.

The factories are registered as text, so that finding this plugin imports no Keras.
"""

from __future__ import annotations

import vaekit

VAEKIT_API_VERSION = 2


@vaekit.hookimpl
def register_latents(register: vaekit.Register) -> None:
    """Offer the four latents."""
    register(
        "vq",
        "vaekit_latents.vq:vq",
        summary="VQ-VAE: vectors of a codebook that follows averages; dead codes start anew.",
    )
    register(
        "von-mises-fisher",
        "vaekit_latents.von_mises_fisher:von_mises_fisher",
        summary="Points of a sphere: the hyperspherical VAE.",
    )
    register(
        "iaf",
        "vaekit_latents.iaf:iaf",
        summary="A normal made flexible by an inverse autoregressive flow.",
    )
    register(
        "two-level",
        "vaekit_latents.two_level:two_level",
        summary="Ladder VAE of two groups, the lower one given the upper; its prior is learned.",
    )


@vaekit.hookimpl
def register_priors(register: vaekit.Register) -> None:
    """Offer the sphere's prior."""
    register(
        "uniform-sphere",
        "vaekit_latents.sphere:uniform_sphere",
        summary="Uniform on the sphere, for points of one.",
    )


@vaekit.hookimpl
def register_losses(register: vaekit.Register) -> None:
    """Offer the two losses, which have several players."""
    register(
        "piwae",
        "vaekit_latents.piwae:piwae",
        summary="PIWAE: the decoder by one tight importance-weighted bound, the encoder by more.",
    )
    register(
        "vae-gan",
        "vaekit_latents.vae_gan:vae_gan",
        summary="VAE-GAN: errors in a discriminator's features, and images that deceive it.",
    )
