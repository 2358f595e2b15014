"""By what is noticed that a run has other weights than it had."""

from __future__ import annotations

import hashlib

from vaekit.checkpoint import snapshot
from vaekit.model import VAE


def weights_digest(vae: VAE) -> str:
    """The SHA-256 of a model's weights; the states of random generators are none of them."""
    digest = hashlib.sha256()
    for _, value in snapshot(vae.variables):
        if value.dtype.kind == "f":
            digest.update(value.tobytes())
    return digest.hexdigest()
