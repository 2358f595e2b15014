"""What stands between encoder and decoder: latents and priors, and what they hand to each other.

z is flat in all mathematics: `(..., B, D)`, and densities sum over D alone. A latent that is a map
`(H', W', D')` gets its shape back where it is decoded. More than one draw of z is an axis in front.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from vaekit.distributions import Distribution, StandardNormal, divergence
from vaekit.errors import BuildError
from vaekit.types import Tensor

Parameters = Mapping[str, Tensor]


class Given(NamedTuple):
    """What the kit hands to a latent in each step.

    seed: a `keras.random.SeedGenerator`; whatever is drawn is drawn from it.
    lead: `()` for one draw of z an image, `(K,)` for K.
    training: whether this is a training step. Only then may variables be assigned.
    prior: p(z); for a latent with a prior of its own, that; None where there is none.
    encode: images `(N, H, W, C)` -> the parameters of their posteriors, the encoder at rest.
    log_likelihood: flat z `(..., B, D)` -> log p(x|z) of the batch `(..., B)`, in nats, the decoder
        at rest; None where the loss declares no likelihood.
    labels: the class of each image, `(B,)`, int32; None in a run without a condition.
    """

    seed: Any
    lead: tuple[int, ...]
    training: bool
    prior: Any
    encode: Callable[[Tensor], Parameters]
    log_likelihood: Callable[[Tensor], Tensor] | None = None
    labels: Tensor | None = None


class Draw(NamedTuple):
    """What a latent makes of a batch of B images.

    z: what is decoded, flat: `(B, D)`, or `(K, B, D)` for K draws an image.
    posterior: q(z|x), or what stands for it.
    prior: p(z).
    kl: KL(q(z|x) || p(z)) by unit, `(B, U)`, in nats, averaged over draws where it is estimated.
        Units are dimensions, groups, or the one whole.
    log_ratio: log q(z|x) - log p(z) at each z, `(..., B)`; None where there is no density, and then
        no elbo is reported.
    terms: the latent's own terms, `(B,)` each, which are minimised with the loss's.
    report: values of each image, `(B,)` or `(B, N)`, whose means over an epoch `Latent.summary`
        turns into figures.
    """

    z: Tensor
    posterior: Any
    prior: Any
    kl: Tensor
    log_ratio: Tensor | None = None
    terms: Mapping[str, Tensor] = {}
    report: Mapping[str, Tensor] = {}


class Latent(ABC):
    """From features to z: what an encoder gives becomes parameters, a posterior and draws of it.

    Its state is Keras variables and layers among its attributes, and nothing else: those are
    trained, saved and restored with the model. What no gradient moves (averages, codebooks) is
    assigned in `infer`, where `given.training`.

    `heads`, `point`, `draw` and `encoded` work on symbolic tensors and use stock Keras layers, so
    that saved models open in plain Keras; see `vaekit.stock_layers`. `posterior`, `infer` and
    `report` work on a batch.

    support: where z lies: "real", "sphere" and "ball" (of length 1, and below), "codes" or a word
        of your own. Priors say which they serve.
    constant_kl: whether the KL is one number whatever the image, as of equally probable codes, so
        that a weight on it would change nothing.
    needs_likelihood: whether `infer` goes by `given.log_likelihood`; losses that declare none are
        then refused, and `draw`, which has no decoder, may be of another law than `infer`.
    free_parameters: whether any real numbers would do as parameters of its posterior, so that they
        may be moved one by one; not where heads keep them within bounds.
    code_name: which of `encoded` is whole numbers by which `looked_up` gives the point; None where
        none is.
    code_sizes: among how many each of the numbers at a place chooses; empty where there are none.
    """

    support: str = "real"
    constant_kl: bool = False
    needs_likelihood: bool = False
    free_parameters: bool = False
    code_name: str | None = None
    code_sizes: tuple[int, ...] = ()

    @abstractmethod
    def shape(self, features: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of z, `(D,)` or `(H', W', D)`, for features of this shape; no layer is made."""

    @abstractmethod
    def heads(self, features: Any) -> dict[str, Any]:
        """The parameters of q(z|x) by their names, from the encoder's features, any shape."""

    @abstractmethod
    def posterior(self, parameters: Parameters) -> Distribution:
        """q(z|x), over flat z."""

    @abstractmethod
    def point(self, parameters: Mapping[str, Any]) -> Any:
        """The z that stands for an image, in the latent's shape: decoded in reconstructions."""

    def draw(self, parameters: Mapping[str, Any]) -> Any:
        """What the saved encoder gives: a draw when it is called, the point under `predict`."""
        return self.point(parameters)

    def infer(self, parameters: Parameters, given: Given) -> Draw:
        """A step: draws, and the KL in closed form where there is one, else by those draws."""
        posterior, prior = self.posterior(parameters), given.prior
        z, log_q = posterior.sample_and_log_prob(given.seed, given.lead)
        log_p = None if log_q is None or prior is None else prior.log_prob(z)
        log_ratio = None if log_q is None or log_p is None else log_q - log_p
        kl = None if prior is None else divergence(posterior, prior, log_ratio)
        if kl is None:
            raise BuildError(
                f"KL({type(posterior).__name__} || {type(prior).__name__}) has no closed form, and "
                "without both densities it can't be estimated. Choose another prior, or give the "
                "latent an `infer` of its own."
            )
        return Draw(z, posterior, prior, kl, log_ratio, report=self.report(parameters))

    def default_prior(self) -> Prior | None:
        """The prior where none is named; None for none, and then nothing can be sampled."""
        return StandardNormalPrior()

    def own_prior(self) -> Distribution | None:
        """The prior that belongs to this latent; it then takes no other. None if it takes any.

        The variables that it holds among its attributes are moved as the prior's are.
        """
        return None

    def encoded(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        """What `encode` writes of an image by name, and the saved posterior gives."""
        return parameters

    def looked_up(self, code: np.ndarray) -> np.ndarray:
        """The points `(N, *shape)` of whole numbers `(N, ...)`, as `encoded` gives by `code_name`.

        Raises `DataError` for numbers that no point has.
        """
        raise NotImplementedError(f"{type(self).__name__} has a code_name and no `looked_up`.")

    def report(self, parameters: Parameters) -> Mapping[str, Tensor]:
        """See `Draw.report`."""
        return {}

    def summary(self, means: Mapping[str, np.ndarray]) -> dict[str, float | int]:
        """Figures of an epoch, by name, from the means of what `report` gave."""
        return {}

    def between(self, a: np.ndarray, b: np.ndarray, share: np.ndarray) -> np.ndarray:
        """Points from z `a` (share 0) to z `b` (share 1): on the straight line.

        a, b: in the latent's shape, with axes before it that broadcast against those of `share`.
        """
        share = share.reshape(*share.shape, *(1,) * (a.ndim - share.ndim))
        return a * (1.0 - share) + b * share

    def coordinates(self, z: np.ndarray) -> np.ndarray:
        """What the latent map shows of points `(N, *shape)`, `(N, M)`: maps are averaged."""
        return z if z.ndim == 2 else z.mean(axis=tuple(range(1, z.ndim - 1)))


class Prior(ABC):
    """p(z), from which z is sampled.

    Keras variables and layers among its attributes are trained and saved with the model.

    supports: the supports of latents that it serves.
    conditional: whether `distribution` takes `condition`, too: the code of each image's label,
        `(B, W)`, or None in a run without a condition.
    """

    supports: tuple[str, ...] = ("real",)
    conditional: bool = False

    @abstractmethod
    def distribution(
        self,
        size: int,
        posterior_of: Callable[[Tensor], Distribution],
        condition: Tensor | None = None,
    ) -> Distribution:
        """The law of flat z of `size` values.

        posterior_of: images `(N, H, W, C)` in [0, 1] -> their posteriors, the encoder at rest.
        condition: given to a `conditional` prior alone, whose class need not name it otherwise.
        """


class StandardNormalPrior(Prior):
    """N(0, I), for latents of real values."""

    def distribution(
        self,
        size: int,
        posterior_of: Callable[[Tensor], Distribution],
        condition: Tensor | None = None,
    ) -> Distribution:
        return StandardNormal(size)
