"""Straight lines in z: from code to code, and along one latent."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vaekit.errors import UserError


class Traversal(NamedTuple):
    """What becomes of an image as one latent moves and the others stay; L latents, S steps each.

    latents: their numbers `(L,)`, the one with the largest KL first.
    kl: their KL from the prior `(L,)`, nats, over the held-out images of the last epoch.
    values: what each is set to `(S,)`; the prior's standard deviation is 1.
    images: `(L, S, H, W, C)`, float32.
    """

    latents: np.ndarray
    kl: np.ndarray
    values: np.ndarray
    images: np.ndarray


def between(z: np.ndarray, steps: int) -> np.ndarray:
    """Points from each code of `(N, D)` to the next, both ends included, `(N - 1, steps, D)`.

    Raises `UserError` for fewer than two codes or steps.
    """
    if len(z) < 2 or steps < 2:
        raise UserError("An interpolation needs at least two images and two steps.")
    share = np.linspace(0.0, 1.0, steps)[None, :, None]
    return z[:-1, None] * (1.0 - share) + z[1:, None] * share


def along(z: np.ndarray, latents: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The code `(D,)` with each of these latents `(L,)` at each of `values` `(S,)`: `(L, S, D)`."""
    walks = np.tile(z, (len(latents), len(values), 1))
    walks[np.arange(len(latents)), :, latents] = values
    return walks
