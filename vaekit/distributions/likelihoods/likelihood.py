"""What a likelihood is."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from vaekit.types import Tensor

PIXELS = (-3, -2, -1)  # the axes of an image


class Likelihood(Protocol):
    """log p(x|z) of an image, given what the decoder made of z.

    It may have `describe(image_shape) -> str`, as `Gaussian` has, for what is said where training
    begins; and `follow(x, reconstruction)`, as `OptimalGaussian` has, which the kit calls once in
    each training step, before the loss: there it may assign to variables that no gradient moves.

    And `discrete`, whether it tells the probabilities of values and not a density; and see
    `SampleableLikelihood`.
    """

    @property
    def scale(self) -> str:
        """What the reconstruction must be: "mean", "logits" or "parameters"."""

    def log_prob(self, x: Tensor, reconstruction: Tensor) -> Tensor:
        """Log p(x|z) in nats, one value an image."""


@runtime_checkable
class SampleableLikelihood(Likelihood, Protocol):
    """A likelihood that images can be drawn from."""

    def sample(self, reconstruction: Tensor, seed: Any) -> Tensor:
        """Images x ~ p(x|z), `(..., H, W, C)`, of a reconstruction; not kept within [0, 1].

        seed: a `keras.random.SeedGenerator`.
        """


@runtime_checkable
class ParameterLikelihood(Likelihood, Protocol):
    """A likelihood whose reconstruction is parameters, of which an image is the mean.

    Its `scale` is "parameters". The decoder makes them as it would an image of so many channels,
    unbounded, and doesn't know.
    """

    def channels(self, image_channels: int) -> int:
        """How many parameters there are at each place of an image of so many channels."""

    def mean(self, parameters: Tensor) -> Tensor:
        """The mean image `(..., H, W, C)`, in [0, 1], of parameters `(..., H, W, channels)`.

        It is what is shown and saved; it takes symbolic tensors too, by operations that Keras can
        save: no slices, `ops.split` into equal parts instead.
        """
