"""Bounds on the likelihood, and on the KL: IWAE and its kin, free bits, capacity, delta-VAE.

The factories are registered as text, so that finding this plugin imports no Keras.
"""

from __future__ import annotations

import vaekit

VAEKIT_API_VERSION = 2


@vaekit.hookimpl
def register_losses(register: vaekit.Register) -> None:
    """Offer the losses."""
    register(
        "iwae",
        "vaekit_bounds.iwae:iwae",
        summary="IWAE: the importance-weighted bound, which K draws of z tighten.",
    )
    register(
        "miwae",
        "vaekit_bounds.miwae:miwae",
        summary="MIWAE: the mean of several importance-weighted bounds.",
    )
    register(
        "ciwae",
        "vaekit_bounds.ciwae:ciwae",
        summary="CIWAE: between the ELBO and the importance-weighted bound.",
    )
    register(
        "piwae",
        "vaekit_bounds.piwae:piwae",
        summary="PIWAE: the decoder by one tight importance-weighted bound, the encoder by more.",
    )
    register(
        "free-bits",
        "vaekit_bounds.free_bits:free_bits",
        summary="Free bits: the KL of each unit costs nothing under a floor.",
    )
    register(
        "capacity",
        "vaekit_bounds.capacity:capacity",
        summary="Capacity: the KL held at a number of nats that rises with training.",
    )


@vaekit.hookimpl
def register_priors(register: vaekit.Register) -> None:
    """Offer the prior."""
    register(
        "ar1",
        "vaekit_bounds.ar1:ar1",
        summary="delta-VAE's prior: a slow sequence, from which the KL has a floor.",
    )
