"""Spheres, the Poincaré ball, and trajectories in bent spaces.

The factories are registered as text, so that finding this plugin imports no Keras.
"""

from __future__ import annotations

import vaekit

VAEKIT_API_VERSION = 2


@vaekit.hookimpl
def register_latents(register: vaekit.Register) -> None:
    """Offer the latents."""
    register(
        "von-mises-fisher",
        "vaekit_geometry.von_mises_fisher:von_mises_fisher",
        summary="Points of a sphere: the hyperspherical VAE.",
    )
    register(
        "poincare",
        "vaekit_geometry.poincare:poincare",
        summary="Points of hyperbolic space, where trees have room: the Poincaré VAE.",
    )
    register(
        "hamiltonian",
        "vaekit_geometry.hamiltonian:hamiltonian",
        summary="A normal draw that steps carry towards p(x, z): the Hamiltonian VAE.",
    )
    register(
        "riemannian",
        "vaekit_geometry.riemannian:riemannian",
        summary="The Hamiltonian VAE in a learned metric, for few latents and few images.",
    )


@vaekit.hookimpl
def register_priors(register: vaekit.Register) -> None:
    """Offer the priors."""
    register(
        "uniform-sphere",
        "vaekit_geometry.sphere:uniform_sphere",
        summary="Uniform on the sphere, for points of one.",
    )
    register(
        "wrapped-normal",
        "vaekit_geometry.wrapped_normal:wrapped_normal",
        summary="A normal law wrapped around the Poincaré ball, for points of one.",
    )
