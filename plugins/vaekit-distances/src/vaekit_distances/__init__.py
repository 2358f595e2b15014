"""Distances between images as losses: MS-SSIM, and features of a network.

The factories are registered as text, so that finding this plugin imports no Keras.
"""

from __future__ import annotations

import vaekit

VAEKIT_API_VERSION = 2


@vaekit.hookimpl
def register_losses(register: vaekit.Register) -> None:
    """Offer the losses."""
    register(
        "ms-ssim",
        "vaekit_distances.ms_ssim_loss:ms_ssim",
        summary="MS-SSIM: structural similarity at several scales, and the KL; no likelihood.",
    )
    register(
        "perceptual",
        "vaekit_distances.perceptual_loss:perceptual",
        summary="Perceptual: errors in a network's features, and the KL; no likelihood.",
    )
