"""What a law over z is: draws, log-densities and divergences, in nats."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

from keras import ops

from vaekit.types import Tensor


class Distribution(ABC):
    """A law over flat z of D dimensions, or one law for each image of a batch.

    A batch of laws has parameters `(B, D)`, a single law `(D,)`. Log-densities sum over D alone,
    so that any axes before it are kept.

    noise_dim: how many values of standard normal noise one draw is made of by `from_noise`; None
        where it can't be made so.
    random: whether draws differ; losses that need several of an image are refused where they don't.
    """

    noise_dim: int | None = None
    random: bool = True

    @abstractmethod
    def sample(self, seed: Any, lead: tuple[int, ...] = ()) -> Tensor:
        """Draws `(*lead, B, D)`, or `(*lead, D)` of a single law.

        They are reparameterised where that is possible: a function of the parameters and of noise.

        seed: a `keras.random.SeedGenerator`.
        """

    def log_prob(self, z: Tensor) -> Tensor | None:
        """The log-density at z `(..., B, D)`, `(..., B)`, in nats; None if there is none to tell.

        Given z `(B, 1, D)` and parameters `(C, D)`, it is `(B, C)`: mixtures ask for that.
        """
        return None

    def sample_and_log_prob(
        self, seed: Any, lead: tuple[int, ...] = ()
    ) -> tuple[Tensor, Tensor | None]:
        """A draw and its log-density; for laws that only know the density of their own draws."""
        z = self.sample(seed, lead)
        return z, self.log_prob(z)

    def kl(self, other: Distribution) -> Tensor | None:
        """KL(self || other) by unit, `(..., B, U)`, in nats; None where there's no closed form.

        Its sum over units is the whole divergence. Units are dimensions where both laws are
        products over them; else there is one.
        """
        return None

    def tempered(self, temperature: float) -> Distribution | None:
        """The law with standard deviations `temperature` times as large; None if it has none."""
        return None

    def from_noise(self, noise: Tensor) -> Tensor:
        """Draws `(..., D)` of standard normal noise `(..., noise_dim)`.

        It takes symbolic tensors too: a run saves it as the model `VAE_prior.keras`.
        """
        raise NotImplementedError(f"{type(self).__name__} isn't made of normal noise.")


class PointMass(Distribution):
    """All of the mass at z `(B, D)`: what a deterministic encoder gives. It has no density."""

    random = False

    def __init__(self, z: Tensor) -> None:
        self.z = z

    def sample(self, seed: Any, lead: tuple[int, ...] = ()) -> Tensor:
        return ops.broadcast_to(self.z, (*lead, *ops.shape(self.z)))


def divergence(
    posterior: Distribution, prior: Distribution, log_ratio: Tensor | None
) -> Tensor | None:
    """KL(posterior || prior) by unit, `(B, U)`, in nats.

    log_ratio: log q(z|x) - log p(z) at draws from the posterior, `(..., B)`, whose mean over the
        draws is taken where there is no closed form. None where there's neither.
    """
    closed = posterior.kl(prior)
    if closed is not None or log_ratio is None:
        return closed
    mean = log_ratio if len(log_ratio.shape) == 1 else ops.mean(log_ratio, axis=0)
    return mean[:, None]


def flat(z: Tensor) -> Tensor:
    """Values of each image, `(B, ...)`, as `(B, D)`."""
    return z if len(z.shape) == 2 else ops.reshape(z, (-1, math.prod(z.shape[1:])))


def by_rows(
    function: Callable[[Tensor, Mapping[str, Tensor]], tuple[Tensor, ...]],
    z: Tensor,
    parameters: Mapping[str, Tensor],
) -> tuple[Tensor, ...]:
    """What a function of rows, such as a network, gives for z with any axes in front.

    function: z `(N, D)` and parameters `(N, ...)` by name -> tensors `(N, ...)`.
    z: `(..., B, D)`; `(..., 1, D)` for one that all images share.
    parameters: those of each image, `(B, ...)`; none where z goes by itself.

    Returns the tensors, `(..., B, ...)`. Rows go through as they are, symbolic ones too.
    """
    if len(z.shape) == 2:
        return function(z, parameters)
    size = z.shape[-1]
    if parameters:
        images = ops.shape(next(iter(parameters.values())))[0]
        z = ops.broadcast_to(z, (*ops.shape(z)[:-2], images, size))
    lead = ops.shape(z)[:-1]
    repeated = {
        name: ops.reshape(
            ops.broadcast_to(value, (*lead, *value.shape[1:])), (-1, *value.shape[1:])
        )
        for name, value in parameters.items()
    }
    rows = function(ops.reshape(z, (-1, size)), repeated)
    return tuple(ops.reshape(value, (*lead, *value.shape[1:])) for value in rows)
