"""Discrete latents: VQ-VAE and its kin, scalar and lookup-free quantisation, Gumbel-softmax.

The factories are registered as text, so that finding this plugin imports no Keras.
"""

from __future__ import annotations

import vaekit

VAEKIT_API_VERSION = 2


@vaekit.hookimpl
def register_latents(register: vaekit.Register) -> None:
    """Offer the latents."""
    register(
        "vq",
        "vaekit_quantizers.vq:vq",
        summary="VQ-VAE: vectors of a codebook that follows averages; dead codes start anew.",
    )
    register(
        "residual-vq",
        "vaekit_quantizers.residual_latents:residual_vq",
        summary="Residual VQ: a sum of codes, each of what the ones before it leave over.",
    )
    register(
        "product-vq",
        "vaekit_quantizers.product:product_vq",
        summary="Product VQ: groups of values, each with a codebook of its own.",
    )
    register(
        "fsq",
        "vaekit_quantizers.fsq:fsq",
        summary="Finite scalar quantisation: each value rounded to one of a few levels.",
    )
    register(
        "residual-fsq",
        "vaekit_quantizers.residual_latents:residual_fsq",
        summary="Residual FSQ: what scalar quantisation leaves over, on a finer grid again.",
    )
    register(
        "lfq",
        "vaekit_quantizers.lfq:lfq",
        summary="Lookup-free quantisation: the signs of values, with an entropy term.",
    )
    register(
        "gumbel-softmax",
        "vaekit_quantizers.gumbel:gumbel_softmax",
        summary="Categorical variables by the straight-through Gumbel-softmax.",
    )
