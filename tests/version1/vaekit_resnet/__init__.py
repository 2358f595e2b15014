"""A residual encoder and a residual decoder for vaekit, both named `resnet`.

The factories are registered as text, so that finding this plugin imports no Keras.
"""

from __future__ import annotations

from collections.abc import Callable

import vaekit

VAEKIT_API_VERSION = 1


@vaekit.hookimpl
def register_encoders(register: Callable[..., None]) -> None:
    """Offer the residual encoder."""
    register(
        "resnet",
        "vaekit_resnet.encoder:resnet",
        summary="Pre-activation residual network; width and depth are options.",
    )


@vaekit.hookimpl
def register_decoders(register: Callable[..., None]) -> None:
    """Offer the residual decoder."""
    register(
        "resnet",
        "vaekit_resnet.decoder:resnet",
        summary="Pre-activation residual network that upsamples; width and depth are options.",
    )
