"""What a latent might make of a batch, of laws that a loss under check can use."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from keras import ops

from vaekit.distributions import DiagonalNormal, Distribution, StandardNormal, flat
from vaekit.latent import Draw
from vaekit.loss import Needs
from vaekit.testing.latent_values import LatentUnderCheck
from vaekit.testing.served import SHAPE
from vaekit.testing.subject import Subject, registered
from vaekit.testing.verdict import CheckSkipped
from vaekit.types import Tensor


class Laws(NamedTuple):
    """The latent and the prior's law that made-up draws are of."""

    latent: LatentUnderCheck
    prior: Distribution | None


def made_up_draw(needs: Needs, mean: Tensor, log_var: Tensor, noise: Tensor) -> Draw:
    """A draw for each image, a function of that image's values alone, each `(B, D)`.

    Where the loss can use them, the laws are a diagonal and a standard normal of these moments;
    else those of the first installed latent and prior that it can use, with the moments as
    features and the point as z.

    Skips the check where there are none.
    """
    if takes_normals(needs):
        posterior = DiagonalNormal(mean, log_var)
        z = mean + ops.exp(0.5 * log_var) * noise
        return _draw(z, posterior, StandardNormal(int(mean.shape[-1])))
    laws = _installed(needs.posterior, needs.prior, int(mean.shape[-1]))
    features = ops.concatenate([mean, log_var], axis=-1)
    parameters = laws.latent.parameters(features)
    z = flat(laws.latent.point(features, training=False))
    return _draw(z, laws.latent.latent.posterior(parameters), laws.prior)


def takes_normals(needs: Needs) -> bool:
    """Whether a loss can use the tutorial's posterior and prior."""
    return issubclass(DiagonalNormal, needs.posterior) and issubclass(StandardNormal, needs.prior)


def _draw(z: Tensor, posterior: Distribution, prior: Distribution | None) -> Draw:
    log_q = posterior.log_prob(z)
    log_p = None if prior is None else prior.log_prob(z)
    log_ratio = None if log_q is None or log_p is None else log_q - log_p
    kl = None if prior is None else posterior.kl(prior)
    if kl is None:
        # Any value of each image's own will do where there is no closed form.
        kl = ops.sum(ops.square(z), axis=-1, keepdims=True)
    return Draw(z, posterior, prior, kl, log_ratio)


@lru_cache(maxsize=8)
def _installed(posterior: type, prior: type, size: int) -> Laws:
    for part in registered("latent"):
        try:
            latent = LatentUnderCheck(Subject(part), size, (2 * size,))
            law = latent.latent.posterior(latent.parameters())
        except Exception:  # another's part, which may refuse a vector or be broken
            continue
        if isinstance(law, posterior):
            for candidate in _priors(latent):
                if issubclass(type(candidate), prior):
                    return Laws(latent, candidate)
    raise CheckSkipped(
        f"no installed parts make a posterior {posterior.__name__} and a prior {prior.__name__}"
    )


def _priors(latent: LatentUnderCheck) -> Iterator[Any]:
    """The laws of the latent's own or default prior, and of the installed ones that serve it."""
    yield latent.prior
    for part in registered("prior"):
        subject = Subject(part)
        try:
            prior = subject.make(latent.size, SHAPE, **subject.options)
            if latent.latent.support in prior.supports:
                yield prior.distribution(latent.size, latent.posterior_of)
        except Exception:  # as above
            continue
