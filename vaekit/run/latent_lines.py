"""Straight lines in z: from code to code, and along one latent."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from vaekit.errors import UserError
from vaekit.latent import Latent
from vaekit.wording import option_text

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


def way_between(latent: Latent, way: str | None) -> Callable[..., np.ndarray]:
    """What goes from z to z: of a latent's own geometry, or `linear` or `spherical`.

    Raises `UserError` for another way, or z that isn't of real values.
    """
    if way is None:
        return latent.between
    if way not in ("linear", "spherical"):
        raise UserError(f"No way {way!r} goes from z to z: choose linear or spherical.")
    if latent.support != "real":
        raise UserError(
            f"This latent has a geometry of its own, of support {latent.support!r}: leave out "
            f"{option_text('way')}."
        )
    return partial(Latent.between, latent) if way == "linear" else _spherical


def _spherical(a: np.ndarray, b: np.ndarray, share: np.ndarray) -> np.ndarray:
    """On the great circle, lengths going from one to the other: so does typical noise lie.

    White, "Sampling Generative Networks" (arXiv:1609.04468). Where the two are parallel or one is
    0 there is no such circle, and the way is straight. Maps are taken as one vector.
    """
    axes = tuple(range(share.ndim, a.ndim))
    share = share.reshape(*share.shape, *(1,) * len(axes))

    def length(z: np.ndarray) -> np.ndarray:
        return np.sqrt((z * z).sum(axis=axes, keepdims=True))

    lengths = length(a) * length(b)
    cosine = (a * b).sum(axis=axes, keepdims=True) / np.where(lengths > 0, lengths, 1.0)
    angle = np.arccos(np.clip(cosine, -1.0, 1.0))
    sine = np.sin(angle)
    curved = (lengths > 0) & (sine > 1e-4)
    sine = np.where(curved, sine, 1.0)
    first = np.where(curved, np.sin((1.0 - share) * angle) / sine, 1.0 - share)
    second = np.where(curved, np.sin(share * angle) / sine, share)
    return first * a + second * b


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
