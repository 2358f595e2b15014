"""p(x|z) of an image: log-probabilities in nats, summed over pixels and channels.

Images have shape `(..., H, W, C)`; a log-probability sums over the last three axes and keeps the
rest.
"""

from vaekit.distributions.likelihoods.bernoulli import Bernoulli
from vaekit.distributions.likelihoods.gaussian import Gaussian
from vaekit.distributions.likelihoods.laplace import Laplace
from vaekit.distributions.likelihoods.learned_gaussian import LearnedGaussian
from vaekit.distributions.likelihoods.likelihood import Likelihood
from vaekit.distributions.likelihoods.named import LikelihoodName, likelihood_named
from vaekit.distributions.likelihoods.optimal_gaussian import OptimalGaussian

__all__ = [
    "Bernoulli",
    "Gaussian",
    "Laplace",
    "LearnedGaussian",
    "Likelihood",
    "LikelihoodName",
    "OptimalGaussian",
    "likelihood_named",
]
