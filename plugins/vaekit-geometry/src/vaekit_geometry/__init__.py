"""The sphere.

The factories are registered as text, so that finding this plugin imports no Keras.
"""

from __future__ import annotations

import vaekit

VAEKIT_API_VERSION = 2


@vaekit.hookimpl
def register_latents(register: vaekit.Register) -> None:
    """Offer the latent."""
    register(
        "von-mises-fisher",
        "vaekit_geometry.von_mises_fisher:von_mises_fisher",
        summary="Points of a sphere: the hyperspherical VAE.",
    )


@vaekit.hookimpl
def register_priors(register: vaekit.Register) -> None:
    """Offer the prior."""
    register(
        "uniform-sphere",
        "vaekit_geometry.sphere:uniform_sphere",
        summary="Uniform on the sphere, for points of one.",
    )
