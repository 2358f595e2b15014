"""What a likelihood is."""

from __future__ import annotations

from typing import Protocol

from vaekit.types import Tensor

PIXELS = (-3, -2, -1)  # the axes of an image


class Likelihood(Protocol):
    """log p(x|z) of an image, given what the decoder made of z.

    It may have `describe(image_shape) -> str`, as `Gaussian` has, for what is said where training
    begins; and `follow(x, reconstruction)`, as `OptimalGaussian` has, which the kit calls once in
    each training step, before the loss: there it may assign to variables that no gradient moves.
    """

    @property
    def scale(self) -> str:
        """What the reconstruction must be: "mean" or "logits"."""

    def log_prob(self, x: Tensor, reconstruction: Tensor) -> Tensor:
        """Log p(x|z) in nats, one value an image."""
