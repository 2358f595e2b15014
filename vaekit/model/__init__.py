"""Putting parts together to a variational autoencoder."""

from vaekit.model.chunks import decode, encode
from vaekit.model.parts import (
    Parts,
    build_backbone,
    build_loss,
    build_vae,
    resolve_parts,
    seeded,
)
from vaekit.model.sampling import sampled
from vaekit.model.vae import VAE

__all__ = [
    "VAE",
    "Parts",
    "build_backbone",
    "build_loss",
    "build_vae",
    "decode",
    "encode",
    "resolve_parts",
    "sampled",
    "seeded",
]
