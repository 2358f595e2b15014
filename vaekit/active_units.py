"""Which values of z vary with the image: a report and a figure for latents that have a mean."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vaekit.types import Tensor

# A latent counts as active if its mean varies this much over the data: Burda, Grosse and
# Salakhutdinov, "Importance Weighted Autoencoders" (arXiv:1509.00519), appendix C.
ACTIVE_VARIANCE = 0.01


def mean_moments(z_mean: Tensor) -> dict[str, Tensor]:
    """What `Latent.report` gives of means `(B, D)`, for `count_active`."""
    from keras import ops

    return {"z_mean": z_mean, "z_mean_squared": ops.square(z_mean)}


def count_active(means: Mapping[str, np.ndarray]) -> dict[str, float | int]:
    """What `Latent.summary` gives: `active_units`, the values whose mean varies over the images."""
    variance = means["z_mean_squared"] - np.square(means["z_mean"])
    return {"active_units": int(np.sum(variance > ACTIVE_VARIANCE))}
