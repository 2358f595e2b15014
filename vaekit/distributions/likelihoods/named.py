"""Likelihoods by the names that options give them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Literal

from vaekit.distributions.likelihoods.bernoulli import Bernoulli
from vaekit.distributions.likelihoods.continuous_bernoulli import ContinuousBernoulli
from vaekit.distributions.likelihoods.discretized_logistic import DiscretizedLogistic
from vaekit.distributions.likelihoods.gaussian import Gaussian
from vaekit.distributions.likelihoods.laplace import Laplace
from vaekit.distributions.likelihoods.learned_gaussian import LearnedGaussian
from vaekit.distributions.likelihoods.likelihood import Likelihood
from vaekit.distributions.likelihoods.logistic_mixture import LogisticMixture
from vaekit.distributions.likelihoods.optimal_gaussian import OptimalGaussian
from vaekit.distributions.likelihoods.pixel_gaussian import PixelGaussian
from vaekit.errors import VaekitWarning

LikelihoodName = Literal[
    "bernoulli",
    "gaussian",
    "optimal-gaussian",
    "learned-gaussian",
    "pixel-gaussian",
    "laplace",
    "continuous-bernoulli",
    "discretized-logistic",
    "logistic-mixture",
]
_SCALED: Mapping[str, Callable[[float], Likelihood]] = {
    "gaussian": Gaussian,
    "learned-gaussian": LearnedGaussian,
    "pixel-gaussian": PixelGaussian,
    "laplace": Laplace,
    "discretized-logistic": DiscretizedLogistic,
    "logistic-mixture": LogisticMixture,
}
_UNSCALED: Mapping[str, Callable[[], Likelihood]] = {
    "bernoulli": Bernoulli,
    "optimal-gaussian": OptimalGaussian,
    "continuous-bernoulli": ContinuousBernoulli,
}
DEFAULT_SIGMA = 0.1


def likelihood_named(name: LikelihoodName, sigma: float = DEFAULT_SIGMA) -> Likelihood:
    """The likelihood of an option `likelihood`, which any loss may have.

    sigma: the scale of a pixel's law, in pixel values; where the scale is learned or the decoder
        gives it, where it begins.
        A law without one leaves it unused, and a sigma other than the default is then warned of.
    """
    if name in _SCALED:
        return _SCALED[name](sigma)
    if sigma != DEFAULT_SIGMA:
        warnings.warn(
            f"sigma={sigma:g} changes nothing: the likelihood {name!r} has no scale to set. "
            f"{', '.join(_SCALED)} have one.",
            VaekitWarning,
            stacklevel=2,
        )
    return _UNSCALED[name]()
