"""The prior of independent values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import vaekit
from vaekit import distributions


class StandardNormalPrior(vaekit.Prior):
    """p(z) = N(0, I)."""

    def distribution(
        self,
        size: int,
        posterior_of: Callable[[Any], vaekit.Distribution],
        condition: Any = None,
    ) -> vaekit.Distribution:
        return distributions.StandardNormal(size)


def standard_normal(latent_size: int, image_shape: tuple[int, int, int]) -> vaekit.Prior:
    """N(0, I): Kingma and Welling, arXiv:1312.6114."""
    return StandardNormalPrior()
