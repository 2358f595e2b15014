"""Residual encoders and decoders for vaekit: `resnet`, and `resnet-map` for latents that are maps.

The factories are registered as text, so that finding this plugin imports no Keras.
"""

from __future__ import annotations

from collections.abc import Callable

import vaekit

VAEKIT_API_VERSION = 2  # `latent_shape`


@vaekit.hookimpl
def register_encoders(register: Callable[..., None]) -> None:
    """Offer the residual encoders."""
    register(
        "resnet",
        "vaekit_resnet.encoder:resnet",
        summary="Pre-activation residual network; width and depth are options.",
    )
    register(
        "resnet-map",
        "vaekit_resnet.encoder:resnet_map",
        summary="`resnet` to a map halved as often as is said, for latents that are maps.",
    )


@vaekit.hookimpl
def register_decoders(register: Callable[..., None]) -> None:
    """Offer the residual decoders."""
    register(
        "resnet",
        "vaekit_resnet.decoder:resnet",
        summary="Pre-activation residual network that upsamples; width and depth are options.",
    )
    register(
        "resnet-map",
        "vaekit_resnet.decoder:resnet_map",
        summary="`resnet` from latents that are a map.",
    )
