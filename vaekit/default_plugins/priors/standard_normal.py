"""The prior of independent values."""

from __future__ import annotations

import vaekit


def standard_normal(latent_size: int, image_shape: tuple[int, int, int]) -> vaekit.Prior:
    """N(0, I): Kingma and Welling, arXiv:1312.6114."""
    return vaekit.StandardNormalPrior()
