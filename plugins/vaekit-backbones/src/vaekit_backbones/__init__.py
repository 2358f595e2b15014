"""The papers' encoders and decoders for vaekit: `burgess`, and `kl-f4` and `kl-f8`.

The factories are registered as text, so that finding this plugin imports no Keras.
"""

from __future__ import annotations

from collections.abc import Callable

import vaekit

VAEKIT_API_VERSION = 2  # `latent_shape`


@vaekit.hookimpl
def register_encoders(register: Callable[..., None]) -> None:
    """Offer the encoders."""
    register(
        "burgess",
        "vaekit_backbones.burgess:encoder",
        summary="The disentanglement papers' four convolutions and two dense layers.",
    )
    register(
        "kl-f4",
        "vaekit_backbones.kl:encoder_f4",
        summary="Latent diffusion's residual net, to a map of a quarter of the sides.",
    )
    register(
        "kl-f8",
        "vaekit_backbones.kl:encoder_f8",
        summary="Latent diffusion's residual net, to a map of an eighth of the sides.",
    )


@vaekit.hookimpl
def register_decoders(register: Callable[..., None]) -> None:
    """Offer the decoders."""
    register(
        "burgess",
        "vaekit_backbones.burgess:decoder",
        summary="The disentanglement papers' dense layers and four transposed convolutions.",
    )
    register(
        "kl-f4",
        "vaekit_backbones.kl:decoder_f4",
        summary="Latent diffusion's residual net, from a map or a vector; mirrors the encoder.",
    )
    register(
        "kl-f8",
        "vaekit_backbones.kl:decoder_f8",
        summary="Latent diffusion's residual net, from a map or a vector; mirrors the encoder.",
    )
