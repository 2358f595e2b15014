"""p(x|z) of an image: log-probabilities in nats, summed over pixels and channels.

Images have shape `(..., H, W, C)`; a log-probability sums over the last three axes and keeps the
rest.
"""

from vaekit.distributions.likelihoods.bernoulli import Bernoulli
from vaekit.distributions.likelihoods.continuous_bernoulli import ContinuousBernoulli
from vaekit.distributions.likelihoods.discretized_logistic import DiscretizedLogistic
from vaekit.distributions.likelihoods.gaussian import Gaussian
from vaekit.distributions.likelihoods.laplace import Laplace
from vaekit.distributions.likelihoods.learned_gaussian import LearnedGaussian
from vaekit.distributions.likelihoods.likelihood import (
    Likelihood,
    ParameterLikelihood,
    SampleableLikelihood,
)
from vaekit.distributions.likelihoods.logistic_mixture import LogisticMixture
from vaekit.distributions.likelihoods.named import LikelihoodName, likelihood_named
from vaekit.distributions.likelihoods.optimal_gaussian import OptimalGaussian
from vaekit.distributions.likelihoods.pixel_gaussian import PixelGaussian

__all__ = [
    "Bernoulli",
    "ContinuousBernoulli",
    "DiscretizedLogistic",
    "Gaussian",
    "Laplace",
    "LearnedGaussian",
    "Likelihood",
    "LikelihoodName",
    "LogisticMixture",
    "OptimalGaussian",
    "ParameterLikelihood",
    "PixelGaussian",
    "SampleableLikelihood",
    "likelihood_named",
]
