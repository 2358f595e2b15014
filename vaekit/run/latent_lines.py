"""Straight lines in z: from code to code, and along one latent."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from vaekit.errors import UserError

Decode = Callable[[np.ndarray], np.ndarray]  # images (N, H, W, C) of latents (N, D)


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


def interpolation(
    decode: Callable[..., np.ndarray],
    between: Callable[..., np.ndarray],
    z: np.ndarray,
    labels: np.ndarray | None,
    steps: int,
) -> np.ndarray:
    """Images on the way from each z of `(N, ...)` to the next, both ends included.

    Their shape is `(N - 1, steps, H, W, C)`. between: `Latent.between`. labels: the class of each
    z, that of its way; None without a condition.
    Raises `UserError` for fewer than two latents or steps.
    """
    if len(z) < 2 or steps < 2:
        raise UserError("An interpolation needs at least two images and two steps.")
    share = np.tile(np.linspace(0.0, 1.0, steps), (len(z) - 1, 1))
    ways = between(z[:-1, None], z[1:, None], share)
    classes = None if labels is None else np.repeat(labels[:-1], steps)
    images = decode(ways.reshape(-1, *z.shape[1:]), classes)
    return images.reshape(len(z) - 1, steps, *images.shape[1:])


def traversal(
    decode: Decode, z: np.ndarray, kl: np.ndarray, *, latents: int, steps: int, span: float
) -> Traversal:
    """The code `(D,)` with each latent in turn at values from -`span` to `span`.

    kl: of each latent `(D,)`, nats. latents: how many are moved at most.
    Raises `UserError` for less than one latent, two steps or a span above 0.
    """
    if latents < 1 or steps < 2 or not span > 0:
        raise UserError("A traversal needs a latent, two steps and a span above 0.")
    order = np.argsort(-kl, kind="stable")[:latents]
    values = np.linspace(-span, span, steps)
    walks = np.tile(z, (len(order), steps, 1))
    walks[np.arange(len(order)), :, order] = values
    return Traversal(order, kl[order], values, _decoded(decode, walks))


def _decoded(decode: Decode, z: np.ndarray) -> np.ndarray:
    """Images `(..., H, W, C)` of latents `(..., D)`."""
    images = decode(z.reshape(-1, z.shape[-1]))
    return images.reshape(*z.shape[:-1], *images.shape[1:])
